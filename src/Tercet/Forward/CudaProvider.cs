using Microsoft.ML.OnnxRuntime;

namespace Tercet.Forward;

/// <summary>Finds what can drive an NVIDIA GPU: a plug-in provider library named by path, or the provider built into the loaded runtime.</summary>
internal static class CudaProvider
{
    public const string BuiltIn = "CUDAExecutionProvider";

    private static readonly Lock Gate = new();
    private static readonly HashSet<string> Registered = new(StringComparer.Ordinal);

    /// <exception cref="DeviceUnavailableException">There is no such provider, or it offers no GPU.</exception>
    public static ExecutionTarget Resolve(EmbedderOptions options)
    {
        string? library = options.CudaProviderLibrary ?? Environment.GetEnvironmentVariable(EmbedderOptions.CudaProviderVariable);
        if (!string.IsNullOrEmpty(library))
            return PlugIn(library);

        string[] available = OrtEnv.Instance().GetAvailableProviders();
        if (available.Contains(BuiltIn))
            return new ExecutionTarget(DeviceChoice.Cuda, BuiltIn, session => session.AppendExecutionProvider_CUDA(options.DeviceMemory?.Device ?? 0));
        throw new DeviceUnavailableException(
            $"The device cuda is not available: the loaded ONNX Runtime {OrtEnv.Instance().GetVersionString()} has {string.Join(", ", available)} only. " +
            $"Build with -p:EnableCuda=true on a machine with an NVIDIA driver, or name a CUDA plug-in provider library in {nameof(EmbedderOptions.CudaProviderLibrary)} " +
            $"or {EmbedderOptions.CudaProviderVariable}, or use the device cpu.");
    }

    private static ExecutionTarget PlugIn(string library)
    {
        string path = Path.GetFullPath(library);
        if (!File.Exists(path))
            throw new DeviceUnavailableException($"{path}: no such CUDA provider library. Correct {nameof(EmbedderOptions.CudaProviderLibrary)} or {EmbedderOptions.CudaProviderVariable}, or use the device cpu.");

        OrtEpDevice[] gpus;
        try
        {
            gpus = [.. Devices(path)];
        }
        catch (OnnxRuntimeException failure)
        {
            throw new DeviceUnavailableException($"{path}: ONNX Runtime cannot load this provider library: {failure.Message}", failure);
        }

        if (gpus.Length == 0)
            throw new DeviceUnavailableException($"{path}: the provider library offers no NVIDIA GPU. Check the driver with nvidia-smi, or use the device cpu.");
        return new ExecutionTarget(DeviceChoice.Cuda, gpus[0].EpName, session => session.AppendExecutionProvider(OrtEnv.Instance(), [gpus[0]], new Dictionary<string, string>()));
    }

    private static IEnumerable<OrtEpDevice> Devices(string path)
    {
        // ONNX Runtime registers a library once for the whole process and refuses a second time.
        lock (Gate)
        {
            if (!Registered.Contains(path))
            {
                OrtEnv.Instance().RegisterExecutionProviderLibrary(path, path);
                Registered.Add(path);
            }
        }

        return OrtEnv.Instance().GetEpDevices().Where(static device =>
            device.HardwareDevice.Type == OrtHardwareDeviceType.GPU && device.EpName.Contains("cuda", StringComparison.OrdinalIgnoreCase));
    }
}
