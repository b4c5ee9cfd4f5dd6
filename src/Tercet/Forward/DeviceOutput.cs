using Microsoft.ML.OnnxRuntime;
using Tercet.Memory;

namespace Tercet.Forward;

/// <summary>An output buffer in a device's memory, which a session's provider writes and a miner reads.</summary>
internal sealed class DeviceOutput : IDisposable
{
    private readonly IDeviceMemory _memory;
    private nint _address;

    private DeviceOutput(IDeviceMemory memory, long floats)
    {
        _memory = memory;
        Place = new OrtMemoryInfo(memory.Name, OrtAllocatorType.DeviceAllocator, memory.Device, OrtMemType.Default);
        _address = memory.Allocate(floats * sizeof(float));
    }

    /// <summary>ONNX Runtime's name of the place.</summary>
    public OrtMemoryInfo Place { get; }

    /// <summary>The device's address of the first float.</summary>
    public nint Address => _address;

    /// <summary>A buffer in the options' device memory, where the provider can write it and nothing is left to do with the output on the host; else null.</summary>
    /// <param name="options">The options.</param>
    /// <param name="info">How the model runs.</param>
    /// <param name="floats">Length of the output.</param>
    public static DeviceOutput? Of(EmbedderOptions options, ModelInfo info, long floats) =>
        options.DeviceMemory is { } memory && options.Pooling == TokenPooling.None && memory.Name == MemoryOf(info.Provider) ? new DeviceOutput(memory, floats) : null;

    /// <summary>The first rows.</summary>
    public DeviceMatrix Rows(int count, int dimension) => new(_memory, _address, count, dimension);

    /// <summary>Copies the first floats to page-locked memory.</summary>
    public void CopyTo(PinnedBuffer<float> host, long floats)
    {
        if (floats > 0)
            _memory.CopyToHost(host.DangerousGetAddress(), _address, floats * sizeof(float));
    }

    public void Dispose()
    {
        Place.Dispose();
        if (_address != 0)
            _memory.Free(_address);
        _address = 0;
    }

    // A plug-in's memory goes by a name of its own.
    private static string? MemoryOf(string provider) => provider switch
    {
        CudaProvider.BuiltIn => "Cuda",
        ExecutionTarget.CpuProvider => "Cpu",
        _ => null,
    };
}
