using Tercet.Backends;
using Tercet.Backends.Cpu;
using Tercet.Forward;
#if ENABLE_CUDA
using Tercet.Backends.Cuda;
#endif

namespace Tercet.Cli;

/// <summary>What <c>--device</c> leads to for mining: the one file that knows whether this build has a CUDA backend.</summary>
internal sealed class MiningDevice : IDisposable
{
    private readonly Func<string?> _note;

    private MiningDevice(IMiningBackend backend, Func<string?> note) => (Backend, _note) = (backend, note);

    /// <summary>The backend, disposed with this.</summary>
    public IMiningBackend Backend { get; }

    /// <summary>Why <c>auto</c> means the CPU, where CUDA was tried; else null.</summary>
    public string? Note => _note();

    /// <summary><c>cuda</c> or <c>cpu</c>.</summary>
    public string Device => Backend.Name.StartsWith("cuda", StringComparison.Ordinal) ? "cuda" : "cpu";

    /// <summary>Opens a device.</summary>
    /// <param name="choice">What was asked for; null means auto.</param>
    /// <exception cref="TercetException">It was asked for by name, and cannot be had.</exception>
    public static MiningDevice Open(DeviceChoice? choice) => choice switch
    {
        DeviceChoice.Cpu => new MiningDevice(new CpuBackend(), () => null),
        DeviceChoice.Cuda => OpenCuda(),
        _ => OpenAuto(),
    };

    public void Dispose() => Backend.Dispose();

#if ENABLE_CUDA
    private static MiningDevice OpenCuda() => new(new CudaBackend(), () => null);

    private static MiningDevice OpenAuto()
    {
        AutoBackend backend = new();
        return new MiningDevice(backend, () => backend.Note);
    }
#else
    private static MiningDevice OpenCuda() => throw new DeviceUnavailableException(
        "The device cuda cannot be had for mining: this build of tercet has no CUDA support. Build it with -p:EnableCuda=true, or use the device cpu or auto.");

    private static MiningDevice OpenAuto() => new(new CpuBackend(), () => null);
#endif
}
