using System.Runtime.InteropServices;
using Tercet.Backends.Cuda;
using Tercet.Backends.Cuda.Driver;

namespace Tercet.Tests.Cuda;

/// <summary>
/// A driver whose device is the host simulation of the kernels (native/simulation). Device memory is host memory of exactly the size asked for, filled
/// with NaN bits; streams run at once. It counts what is allocated and copied, and fails where a test tells it to.
/// </summary>
internal sealed unsafe class SimulatedDriver : ICudaDriver
{
    private static readonly nint Library = NativeLibrary.TryLoad(LibraryPath, out nint library) ? library : 0;
    private static readonly nint LaunchExport = Library == 0 ? 0 : NativeLibrary.GetExport(Library, "tercet_simulation_launch");

    private readonly Dictionary<nint, (string Name, byte[] Utf8)> _functions = [];
    private readonly Dictionary<nint, long> _device = [];
    private readonly Dictionary<nint, long> _host = [];
    private readonly Dictionary<nint, int> _allowedShared = [];
    private readonly Lock _lock = new();
    private readonly Dictionary<nint, List<Action>> _captured = [];
    private readonly Dictionary<nint, List<Action>> _graphs = [];
    private readonly ThreadLocal<bool> _isCurrent = new();
    private int _handles;

    /// <summary>Where CMake puts the simulation.</summary>
    public static string LibraryPath => Path.Combine(Repository.Root, "artifacts", "native", "native", OperatingSystem.IsMacOS() ? "libtercet_simulation.dylib" : "libtercet_simulation.so");

    public static bool IsBuilt => Library != 0;

    /// <summary>A card whose tensor cores the fused pass uses.</summary>
    public static CudaDevice Ampere { get; } = new(0, "host simulation", 8, 0, 2, 12040);

    /// <summary>A card whose warp groups it uses.</summary>
    public static CudaDevice Hopper { get; } = new(0, "host simulation", 9, 0, 2, 12040);

    public CudaDevice Device { get; init; } = new(0, "host simulation", 7, 5, 2, 12040);

    /// <summary>0, 1 or 2: the order in which threads run.</summary>
    public int Schedule { get; init; }

    /// <summary>Kernels that the module has not got.</summary>
    public Func<string, bool> Lacks { get; init; } = _ => false;

    /// <summary>Throws in place of the named call; the argument is the number of bytes, or 0.</summary>
    public Func<string, long, CudaException?>? Fail { get; set; }

    /// <summary>Bytes of device memory that there are.</summary>
    public long Capacity { get; set; } = long.MaxValue;

    /// <summary>Bytes of device memory held now.</summary>
    public long DeviceBytes { get; private set; }

    /// <summary>Blocks of device and page-locked memory, streams, events and modules not yet given back.</summary>
    public int Live { get; private set; }

    public long BytesToDevice { get; private set; }

    public long BytesToHost { get; private set; }

    public long CopiesToDevice { get; private set; }

    public long CopiesToHost { get; private set; }

    /// <summary>Host addresses that copies to the device began at.</summary>
    public HashSet<nint> CopiedFrom { get; } = [];

    /// <summary>Kernels launched.</summary>
    public int Launches { get; private set; }

    /// <summary>Graphs not yet given back.</summary>
    public int LiveGraphs => _graphs.Count;

    /// <summary>Graphs launched.</summary>
    public int GraphLaunches { get; private set; }

    /// <summary>Times that the host waited.</summary>
    public int Waits { get; private set; }

    public bool IsDisposed { get; private set; }

    public HashSet<string> Launched { get; } = [];

    /// <summary>A backend over the simulation, whose device memory ONNX Runtime's CPU provider can write; the test is skipped where it has not been built.</summary>
    public static CudaBackend NewBackend(ICudaDriver driver, long keyBudget = 256 << 20)
    {
        SkipUnlessBuilt();
        return new CudaBackend(driver, new KernelModule(() => [], compiled: null), "Cpu") { KeyBudget = keyBudget };
    }

    public static void SkipUnlessBuilt() => Assert.SkipUnless(IsBuilt, "The kernels' host simulation has not been built (cmake -B artifacts/native && cmake --build artifacts/native).");

    /// <summary>Bytes of a kernel's parameter struct as the kernel knows it.</summary>
    public static long ParameterBytes(string kernel)
    {
        var function = (delegate* unmanaged<byte*, long>)NativeLibrary.GetExport(Library, "tercet_simulation_parameter_bytes");
        fixed (byte* name = System.Text.Encoding.ASCII.GetBytes(kernel + '\0'))
            return function(name);
    }

    public void Enter()
    {
        _isCurrent.Value = true;
        Check("Enter", 0);
    }

    public nint LoadModule(byte[] image)
    {
        Check("LoadModule", image.Length);
        return NewHandle();
    }

    public void UnloadModule(nint module) => DropHandle();

    public nint GetFunction(nint module, string name)
    {
        if (ParameterBytes(name) < 0 || Lacks(name))
            throw new CudaException($"There is no kernel {name}.", status: 500);
        lock (_lock)
        {
            _functions.Add(_functions.Count + 1, (name, System.Text.Encoding.ASCII.GetBytes(name + '\0')));
            return _functions.Count;
        }
    }

    /// <summary>The name that a function was found by.</summary>
    public string NameOf(nint function) => _functions[function].Name;

    public void AllowShared(nint function, int bytes)
    {
        lock (_lock)
            _allowedShared[function] = bytes;
    }

    public int BlocksPerMultiprocessor(nint function, int threads) => 2;

    public nint AllocateDevice(long bytes)
    {
        Check("AllocateDevice", bytes);
        lock (_lock)
        {
            if (DeviceBytes + bytes > Capacity)
                throw new CudaException("planned: no memory left", CudaException.OutOfMemory);
        }

        return Allocate(_device, bytes);
    }

    public void FreeDevice(nint address) => Free(_device, address);

    public nint AllocateHost(nuint bytes)
    {
        Check("AllocateHost", (long)bytes);
        return Allocate(_host, (long)bytes);
    }

    public void FreeHost(nint address) => Free(_host, address);

    public nint CreateStream() => NewHandle();

    public void DestroyStream(nint stream) => DropHandle();

    public void Synchronize(nint stream) => Check("Synchronize", 0);

    public nint CreateEvent() => NewHandle();

    public void DestroyEvent(nint marker) => DropHandle();

    public void Record(nint marker, nint stream)
    {
    }

    public void Wait(nint marker) => Check("Wait", 0);

    public void Follow(nint stream, nint marker)
    {
    }

    public float ElapsedMilliseconds(nint start, nint end) => 0;

    public void BeginCapture(nint stream)
    {
        Check("BeginCapture", 0);
        lock (_lock)
            _captured.Add(stream, []);
    }

    public nint EndCapture(nint stream)
    {
        lock (_lock)
        {
            nint graph = ++_handles;
            Assert.True(_captured.Remove(stream, out List<Action>? calls), "no capture was begun");
            _graphs.Add(graph, calls);
            return graph;
        }
    }

    public void LaunchGraph(nint graph, nint stream)
    {
        Check("LaunchGraph", 0);
        List<Action> calls;
        lock (_lock)
        {
            calls = _graphs[graph];
            GraphLaunches++;
        }

        foreach (Action call in calls)
            call();
    }

    public void DestroyGraph(nint graph)
    {
        lock (_lock)
            Assert.True(_graphs.Remove(graph), "no such graph");
    }

    public void CopyToDevice(nint device, nint host, long bytes, nint stream)
    {
        if (IsCapturing(stream))
        {
            CaptureToDevice(device, host, bytes, stream);
            return;
        }

        Check("CopyToDevice", bytes);
        Inside(_device, device, bytes);
        Inside(_host, host, bytes);
        lock (_lock)
        {
            (CopiesToDevice, BytesToDevice) = (CopiesToDevice + 1, BytesToDevice + bytes);
            CopiedFrom.Add(host);
        }

        Buffer.MemoryCopy((void*)host, (void*)device, bytes, bytes);
    }

    public void CopyToHost(nint host, nint device, long bytes, nint stream)
    {
        if (IsCapturing(stream))
        {
            CaptureToHost(host, device, bytes, stream);
            return;
        }

        Check("CopyToHost", bytes);
        Inside(_device, device, bytes);
        Inside(_host, host, bytes);
        lock (_lock)
            (CopiesToHost, BytesToHost) = (CopiesToHost + 1, BytesToHost + bytes);
        Buffer.MemoryCopy((void*)device, (void*)host, bytes, bytes);
    }

    public void Fill(nint device, uint value, long count, nint stream)
    {
        if (IsCapturing(stream))
        {
            CaptureFill(device, value, count, stream);
            return;
        }

        Inside(_device, device, count * sizeof(uint));
        new Span<uint>((void*)device, checked((int)count)).Fill(value);
    }

    public void Launch(nint function, LaunchGrid grid, nint parameters, nint stream)
    {
        if (IsCapturing(stream))
        {
            CaptureLaunch(function, grid, parameters, stream);
            return;
        }

        string name;
        byte[] utf8;
        lock (_lock)
        {
            (name, utf8) = _functions[function];
            if (grid.SharedBytes > _allowedShared.GetValueOrDefault(function, 0))
                Assert.Fail($"{name}: {grid.SharedBytes} bytes of shared memory were not allowed");
            Launched.Add(name);
            Launches++;
        }

        Check("Launch", 0);
        var launch = (delegate* unmanaged<byte*, int, int, int, int, void**, int, byte*>)LaunchExport;
        void* block = (void*)parameters;
        fixed (byte* text = utf8)
        {
            byte* fault = launch(text, grid.Blocks, grid.Rows, grid.Threads, grid.SharedBytes, &block, Schedule);
            if (fault != null)
                throw new CudaException($"{name}: {Marshal.PtrToStringUTF8((nint)fault)}", status: 719);
        }
    }

    public void Dispose()
    {
        IsDisposed = true;
        _isCurrent.Dispose();
    }

    private void Check(string call, long bytes)
    {
        if (!_isCurrent.Value)
            Assert.Fail($"{call} on a thread that the context is not current on");
        lock (_lock)
            Waits += call is "Synchronize" or "Wait" ? 1 : 0;
        if (Fail?.Invoke(call, bytes) is CudaException exception)
            throw exception;
    }

    // Methods of their own: the calls above allocate nothing when nothing is captured.
    private void CaptureToDevice(nint device, nint host, long bytes, nint stream) => Capture(stream, () => CopyToDevice(device, host, bytes, 0));

    private void CaptureToHost(nint host, nint device, long bytes, nint stream) => Capture(stream, () => CopyToHost(host, device, bytes, 0));

    private void CaptureFill(nint device, uint value, long count, nint stream) => Capture(stream, () => Fill(device, value, count, 0));

    private void CaptureLaunch(nint function, LaunchGrid grid, nint parameters, nint stream)
    {
        byte[] copy = new Span<byte>((void*)parameters, (int)ParameterBytes(_functions[function].Name)).ToArray();
        Capture(stream, () =>
        {
            fixed (byte* first = copy)
                Launch(function, grid, (nint)first, 0);
        });
    }

    private void Capture(nint stream, Action call)
    {
        lock (_lock)
            _captured[stream].Add(call);
    }

    private bool IsCapturing(nint stream)
    {
        lock (_lock)
            return _captured.ContainsKey(stream);
    }

    private nint Allocate(Dictionary<nint, long> blocks, long bytes)
    {
        nint address = (nint)NativeMemory.AlignedAlloc((nuint)bytes, 256);
        NativeMemory.Fill((void*)address, (nuint)bytes, 0xFF);
        lock (_lock)
        {
            blocks.Add(address, bytes);
            DeviceBytes += blocks == _device ? bytes : 0;
            Live++;
        }

        return address;
    }

    private void Free(Dictionary<nint, long> blocks, nint address)
    {
        lock (_lock)
        {
            Assert.True(blocks.Remove(address, out long bytes), "freed twice, or never allocated");
            DeviceBytes -= blocks == _device ? bytes : 0;
            Live--;
        }

        NativeMemory.AlignedFree((void*)address);
    }

    private void Inside(Dictionary<nint, long> blocks, nint address, long bytes)
    {
        lock (_lock)
        {
            foreach ((nint start, long length) in blocks)
            {
                if (address >= start && address + bytes <= start + length)
                    return;
            }
        }

        Assert.Fail($"{bytes} bytes at {address:x} lie in no block of that memory");
    }

    private nint NewHandle()
    {
        lock (_lock)
        {
            Live++;
            return ++_handles;
        }
    }

    private void DropHandle()
    {
        lock (_lock)
            Live--;
    }
}
