using System.Runtime.InteropServices;
using System.Text;
using ManagedCuda.BasicTypes;
using Native = ManagedCuda.DriverAPINativeMethods;

namespace Tercet.Backends.Cuda.Driver;

/// <summary>
/// The driver through ManagedCuda-12's bindings. Its kernel objects box every argument; launches here go straight to <c>cuLaunchKernel</c> with one
/// parameter block a thread.
/// </summary>
internal sealed class ManagedCudaDriver : ICudaDriver
{
    // cuLaunchKernel takes an array of addresses; one a thread, since it is read before the call returns.
    [ThreadStatic]
    private static nint[]? _parameters;

    private readonly CUdevice _device;
    private readonly CUcontext _context;
    private int _isDisposed;

    private ManagedCudaDriver(CUdevice device, CUcontext context, CudaDevice description) => (_device, _context, Device) = (device, context, description);

    /// <inheritdoc/>
    public CudaDevice Device { get; }

    /// <summary>Opens a device through its primary context, which ONNX Runtime and others in the process share.</summary>
    public static ManagedCudaDriver Open(int ordinal)
    {
        try
        {
            Check(Native.cuInit(CUInitializationFlags.None), "start the CUDA driver");
        }
        catch (DllNotFoundException exception)
        {
            // ManagedCuda looks for nvcuda.dll, and on Linux for libcuda.so without a number.
            throw new CudaException(
                "There is no CUDA driver on this machine: neither nvcuda.dll nor libcuda.so can be loaded. Install NVIDIA's driver (where only libcuda.so.1 is there, link libcuda.so to it), or mine on the CPU.",
                innerException: exception);
        }

        int version = 0;
        Check(Native.cuDriverGetVersion(ref version), "ask for the driver's version");
        int count = 0;
        Check(Native.DeviceManagement.cuDeviceGetCount(ref count), "count the CUDA devices");
        if (ordinal < 0 || ordinal >= count)
            throw new CudaException($"There is no CUDA device {ordinal}; this machine has {count}.");

        CUdevice device = default;
        Check(Native.DeviceManagement.cuDeviceGet(ref device, ordinal), $"open CUDA device {ordinal}");
        CudaDevice description = Describe(device, ordinal, version);
        CUcontext context = default;
        Check(Native.ContextManagement.cuDevicePrimaryCtxRetain(ref context, device), $"open the primary context of {description.Name}");
        return new ManagedCudaDriver(device, context, description);
    }

    /// <inheritdoc/>
    public void Enter() => Check(Native.ContextManagement.cuCtxSetCurrent(_context), "make the context current");

    /// <inheritdoc/>
    public nint LoadModule(byte[] image)
    {
        CUmodule module = default;
        Check(Native.ModuleManagement.cuModuleLoadData(ref module, image), $"load the kernels for {Device.Name} (compute capability {Device.ComputeMajor}.{Device.ComputeMinor})");
        return module.Pointer;
    }

    /// <inheritdoc/>
    public void UnloadModule(nint module) => Check(Native.ModuleManagement.cuModuleUnload(new CUmodule { Pointer = module }), "unload the kernels");

    /// <inheritdoc/>
    public nint GetFunction(nint module, string name)
    {
        CUfunction function = default;
        Check(Native.ModuleManagement.cuModuleGetFunction(ref function, new CUmodule { Pointer = module }, name), $"find the kernel {name}");
        return function.Pointer;
    }

    /// <inheritdoc/>
    public void AllowShared(nint function, int bytes) =>
        Check(Native.FunctionManagement.cuFuncSetAttribute(new CUfunction { Pointer = function }, CUFunctionAttribute.MaxDynamicSharedSizeBytes, bytes), $"give a kernel {bytes} bytes of shared memory");

    /// <inheritdoc/>
    public int BlocksPerMultiprocessor(nint function, int threads)
    {
        int blocks = 0;
        Check(Native.Occupancy.cuOccupancyMaxActiveBlocksPerMultiprocessor(ref blocks, new CUfunction { Pointer = function }, threads, new SizeT(0)), "ask for a kernel's occupancy");
        return blocks;
    }

    /// <inheritdoc/>
    public nint AllocateDevice(long bytes)
    {
        CUdeviceptr address = default;
        Check(Native.MemoryManagement.cuMemAlloc_v2(ref address, new SizeT(bytes)), $"allocate {bytes} bytes on {Device.Name}");
        return checked((nint)(ulong)address);
    }

    /// <inheritdoc/>
    public void FreeDevice(nint address) => Check(Native.MemoryManagement.cuMemFree_v2(Pointer(address)), "free device memory");

    /// <inheritdoc/>
    public nint AllocateHost(nuint bytes)
    {
        nint address = 0;
        Check(Native.MemoryManagement.cuMemHostAlloc(ref address, new SizeT((ulong)bytes), CUMemHostAllocFlags.Portable), $"allocate {bytes} bytes of page-locked memory");
        return address;
    }

    /// <inheritdoc/>
    // Possibly on the finalizer thread, and after the context is gone: nothing can be done about a failure.
    public void FreeHost(nint address)
    {
        _ = Native.ContextManagement.cuCtxSetCurrent(_context);
        _ = Native.MemoryManagement.cuMemFreeHost(address);
    }

    /// <inheritdoc/>
    public nint CreateStream()
    {
        CUstream stream = default;
        Check(Native.Streams.cuStreamCreate(ref stream, CUStreamFlags.NonBlocking), "create a stream");
        return stream.Pointer;
    }

    /// <inheritdoc/>
    public void DestroyStream(nint stream) => Check(Native.Streams.cuStreamDestroy_v2(Stream(stream)), "destroy a stream");

    /// <inheritdoc/>
    public void Synchronize(nint stream) => Check(Native.Streams.cuStreamSynchronize(Stream(stream)), $"wait for {Device.Name}");

    /// <inheritdoc/>
    public nint CreateEvent()
    {
        CUevent marker = default;
        Check(Native.Events.cuEventCreate(ref marker, CUEventFlags.Default), "create an event");
        return marker.Pointer;
    }

    /// <inheritdoc/>
    public void DestroyEvent(nint marker) => Check(Native.Events.cuEventDestroy_v2(Event(marker)), "destroy an event");

    /// <inheritdoc/>
    public void Record(nint marker, nint stream) => Check(Native.Events.cuEventRecord(Event(marker), Stream(stream)), "record an event");

    /// <inheritdoc/>
    public void Wait(nint marker) => Check(Native.Events.cuEventSynchronize(Event(marker)), $"wait for {Device.Name}");

    /// <inheritdoc/>
    public void Follow(nint stream, nint marker) => Check(Native.Streams.cuStreamWaitEvent(Stream(stream), Event(marker), 0), "let a stream wait for an event");

    /// <inheritdoc/>
    public float ElapsedMilliseconds(nint start, nint end)
    {
        float milliseconds = 0;
        Check(Native.Events.cuEventElapsedTime(ref milliseconds, Event(start), Event(end)), "read a time");
        return milliseconds;
    }

    /// <inheritdoc/>
    public void CopyToDevice(nint device, nint host, long bytes, nint stream) =>
        Check(Native.AsynchronousMemcpy_v2.cuMemcpyHtoDAsync_v2(Pointer(device), host, new SizeT(bytes), Stream(stream)), $"copy {bytes} bytes to {Device.Name}");

    /// <inheritdoc/>
    public void CopyToHost(nint host, nint device, long bytes, nint stream) =>
        Check(Native.AsynchronousMemcpy_v2.cuMemcpyDtoHAsync_v2(host, Pointer(device), new SizeT(bytes), Stream(stream)), $"copy {bytes} bytes from {Device.Name}");

    /// <inheritdoc/>
    public void Fill(nint device, uint value, long count, nint stream) =>
        Check(Native.MemsetAsync.cuMemsetD32Async(Pointer(device), value, new SizeT(count), Stream(stream)), $"fill {count} words on {Device.Name}");

    /// <inheritdoc/>
    // The thread's own calls only: other threads, and ONNX Runtime, allocate and copy meanwhile.
    public void BeginCapture(nint stream) => Check(Native.Streams.cuStreamBeginCapture(Stream(stream), CUstreamCaptureMode.Local), "capture a stream's calls");

    /// <inheritdoc/>
    public nint EndCapture(nint stream)
    {
        CUgraph graph = default;
        Check(Native.Streams.cuStreamEndCapture(Stream(stream), ref graph), "capture a stream's calls");
        CUgraphExec executable = default;
        CUResult result = Native.GraphManagment.cuGraphInstantiate(ref executable, graph, CUgraphInstantiate_flags.None);
        _ = Native.GraphManagment.cuGraphDestroy(graph);
        Check(result, "make a graph of a stream's calls");
        return executable.Pointer;
    }

    /// <inheritdoc/>
    public void LaunchGraph(nint graph, nint stream) => Check(Native.GraphManagment.cuGraphLaunch(new CUgraphExec { Pointer = graph }, Stream(stream)), $"launch a graph on {Device.Name}");

    /// <inheritdoc/>
    public void DestroyGraph(nint graph) => Check(Native.GraphManagment.cuGraphExecDestroy(new CUgraphExec { Pointer = graph }), "give a graph back");

    /// <inheritdoc/>
    public void Launch(nint function, LaunchGrid grid, nint parameters, nint stream)
    {
        nint[] block = _parameters ??= new nint[1];
        block[0] = parameters;
        CUResult result = Native.Launch.cuLaunchKernel(new CUfunction { Pointer = function }, (uint)grid.Blocks, (uint)grid.Rows, 1, (uint)grid.Threads, 1, 1, (uint)grid.SharedBytes, Stream(stream), block, null!);
        if (result != CUResult.Success)
            Throw(result, $"launch {grid.Blocks} × {grid.Rows} blocks on {Device.Name}");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
            _ = Native.ContextManagement.cuDevicePrimaryCtxRelease(_device);
    }

    private static CudaDevice Describe(CUdevice device, int ordinal, int version)
    {
        byte[] name = new byte[256];
        Check(Native.DeviceManagement.cuDeviceGetName(name, name.Length, device), $"ask for the name of CUDA device {ordinal}");
        int length = Math.Max(0, Array.IndexOf(name, (byte)0));
        return new CudaDevice(
            ordinal,
            Encoding.ASCII.GetString(name, 0, length),
            Attribute(device, CUDeviceAttribute.ComputeCapabilityMajor),
            Attribute(device, CUDeviceAttribute.ComputeCapabilityMinor),
            Attribute(device, CUDeviceAttribute.MultiProcessorCount),
            version);
    }

    private static int Attribute(CUdevice device, CUDeviceAttribute attribute)
    {
        int value = 0;
        Check(Native.DeviceManagement.cuDeviceGetAttribute(ref value, attribute, device), $"read the device's {attribute}");
        return value;
    }

    private static CUdeviceptr Pointer(nint address) => new() { Pointer = new SizeT(address) };

    private static CUstream Stream(nint handle) => new() { Pointer = handle };

    private static CUevent Event(nint handle) => new() { Pointer = handle };

    // The text is put together only where a call has failed: the handler's arguments are evaluated after the check.
    private static void Check(CUResult result, [System.Runtime.CompilerServices.InterpolatedStringHandlerArgument(nameof(result))] AttemptText attempt)
    {
        if (result != CUResult.Success)
            Throw(result, attempt.ToString());
    }

    private static void Check(CUResult result, string attempt)
    {
        if (result != CUResult.Success)
            Throw(result, attempt);
    }

    private static void Throw(CUResult result, string attempt)
    {
        nint text = 0;
        string reason = Native.ErrorHandling.cuGetErrorString(result, ref text) == CUResult.Success ? Marshal.PtrToStringAnsi(text) ?? string.Empty : result.ToString();
        string advice = (int)result switch
        {
            CudaException.OutOfMemory => " Use a smaller batch, or close what else uses the device.",
            209 => " Build the kernels with this card's architecture, or with PTX.",
            int status when CudaException.IsFault(status) => " The device is lost to this process: restart it, or mine on the CPU.",
            _ => string.Empty,
        };
        throw new CudaException($"Tercet could not {attempt}: {reason}.{advice}", (int)result);
    }

    /// <summary>A text that is not put together unless a call has failed.</summary>
    [System.Runtime.CompilerServices.InterpolatedStringHandler]
    private readonly ref struct AttemptText
    {
        private readonly StringBuilder? _text;

        public AttemptText(int literalLength, int formattedCount, CUResult result, out bool isNeeded)
        {
            isNeeded = result != CUResult.Success;
            _text = isNeeded ? new StringBuilder(literalLength + (16 * formattedCount)) : null;
        }

        public void AppendLiteral(string value) => _text!.Append(value);

        public void AppendFormatted<T>(T value) => _text!.Append(value);

        public override string ToString() => _text?.ToString() ?? string.Empty;
    }
}
