using Microsoft.ML.OnnxRuntime;

namespace Tercet.Forward;

/// <summary>Opens sessions on one model file with the caller's options, on the device that was resolved first.</summary>
internal sealed class SessionFactory
{
    private readonly OnnxFile _file;
    private readonly EmbedderOptions _options;
    private readonly string? _profileFolder;

    /// <param name="file">The model.</param>
    /// <param name="options">The caller's options.</param>
    /// <param name="profileFolder">Where the first runs are recorded; null where they are not.</param>
    /// <exception cref="DeviceUnavailableException">CUDA was asked for and cannot be had.</exception>
    public SessionFactory(OnnxFile file, EmbedderOptions options, string? profileFolder)
    {
        _file = file;
        _options = options;
        _profileFolder = profileFolder;
        try
        {
            Target = options.Device == DeviceChoice.Cpu ? ExecutionTarget.Cpu : CudaProvider.Resolve(options);
        }
        catch (DeviceUnavailableException reason) when (options.Device == DeviceChoice.Auto)
        {
            FallBackToCpu(reason.Message);
        }
    }

    public ExecutionTarget Target { get; private set; } = ExecutionTarget.Cpu;

    public string? DeviceNote { get; private set; }

    /// <summary>Opens the file, with inputs that are initializers made constant.</summary>
    /// <exception cref="ModelFileException">ONNX Runtime refuses the model.</exception>
    /// <exception cref="DeviceUnavailableException">The model opens on the CPU, but not on the device asked for.</exception>
    public InferenceSession OpenFile()
    {
        byte[] model = GraphEdit.DropInitializerInputs(_file);
        try
        {
            return Open(model);
        }
        catch (OnnxRuntimeException failure) when (Target.Device == DeviceChoice.Cpu)
        {
            throw Refused(failure);
        }
        catch (OnnxRuntimeException failure)
        {
            ExecutionTarget wanted = Target;
            FallBackToCpu($"{wanted.Provider} does not open the model: {failure.Message}");
            InferenceSession onCpu;
            try
            {
                onCpu = Open(model);
            }
            catch (OnnxRuntimeException onCpuToo)
            {
                throw Refused(onCpuToo);
            }

            if (_options.Device == DeviceChoice.Auto)
                return onCpu;
            onCpu.Dispose();
            throw new DeviceUnavailableException($"{_file.Path}: {wanted.Provider} does not open the model, the CPU does: {failure.Message} Check the CUDA and cuDNN libraries, or use the device cpu.", failure);
        }
    }

    /// <summary>Opens other bytes than the file's.</summary>
    /// <exception cref="OnnxRuntimeException">ONNX Runtime refuses them.</exception>
    public InferenceSession Open(byte[] model)
    {
        if (_options.Optimization != GraphOptimization.All || Target.Device != DeviceChoice.Cpu || !PReluRewrite.IsFaster || !PReluRewrite.TryRewrite(model, _file.Opset, out byte[] rewritten))
            return OpenAsItIs(model);
        try
        {
            return OpenAsItIs(rewritten);
        }
        catch (OnnxRuntimeException)
        {
            // Refused or not, it is the model as it is that decides.
            return OpenAsItIs(model);
        }
    }

    private InferenceSession OpenAsItIs(byte[] model)
    {
        using SessionOptions session = new();
        session.GraphOptimizationLevel = _options.Optimization switch
        {
            GraphOptimization.All => GraphOptimizationLevel.ORT_ENABLE_ALL,
            GraphOptimization.Extended => GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
            GraphOptimization.Basic => GraphOptimizationLevel.ORT_ENABLE_BASIC,
            _ => GraphOptimizationLevel.ORT_DISABLE_ALL,
        };
        session.IntraOpNumThreads = StreamPlan.ThreadsOf(_options, Target.Device);
        session.InterOpNumThreads = 1;
        session.ExecutionMode = ExecutionMode.ORT_SEQUENTIAL;

        // Every error comes back as an exception with its text, and node placement is reported in ModelInfo: nothing is left for stderr.
        session.LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL;
        string spinning = _options.AllowSpinning ? "1" : "0";
        session.AddSessionConfigEntry("session.intra_op.allow_spinning", spinning);
        session.AddSessionConfigEntry("session.inter_op.allow_spinning", spinning);

        // The bytes are opened, not the path, so that what runs is what was hashed; weights kept beside the file are found all the same.
        session.AddSessionConfigEntry("session.model_external_initializers_file_folder_path", Path.GetDirectoryName(_file.Path)!);
        if (_profileFolder is not null)
        {
            session.ProfileOutputPathPrefix = Path.Combine(_profileFolder, "run");
            session.EnableProfiling = true;
        }

        AppendQuietly(session);
        return new InferenceSession(model, session);
    }

    // A provider whose libraries are missing is reported by its exception; the runtime's own log would put it on standard error as well.
    private void AppendQuietly(SessionOptions session)
    {
        if (Target.Device == DeviceChoice.Cpu)
            return;
        OrtEnv runtime = OrtEnv.Instance();
        OrtLoggingLevel level = runtime.EnvLogLevel;
        runtime.EnvLogLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL;
        try
        {
            Target.Append(session);
        }
        finally
        {
            runtime.EnvLogLevel = level;
        }
    }

    private void FallBackToCpu(string reason)
    {
        Target = ExecutionTarget.Cpu;
        DeviceNote = reason;
    }

    private ModelFileException Refused(OnnxRuntimeException failure) =>
        new($"{_file.Path}: ONNX Runtime {OrtEnv.Instance().GetVersionString()} does not open this model: {failure.Message}", failure);
}
