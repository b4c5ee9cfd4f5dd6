using Microsoft.ML.OnnxRuntime;
using Tercet.Forward;

namespace Tercet.Load.Checks;

/// <summary>The model in ONNX Runtime and nothing else: one sample, input and output bound once over pinned arrays, session options as the engine has them.</summary>
internal sealed class BareSession : IDisposable
{
    private readonly SessionOptions _options = new();
    private readonly RunOptions _run = new();
    private readonly InferenceSession _session;
    private readonly OrtIoBinding _binding;
    private readonly OrtValue _inputValue;
    private readonly OrtValue _outputValue;

    /// <param name="path">The model.</param>
    /// <param name="info">What the engine says of it.</param>
    /// <param name="threads">Threads of one call.</param>
    /// <param name="asInTheEngine">The graph as the engine rewrites it; otherwise as it is in the file, but for inputs that are initializers.</param>
    public BareSession(string path, ModelInfo info, int threads, bool asInTheEngine)
    {
        _options.IntraOpNumThreads = threads;
        _options.InterOpNumThreads = 1;
        _options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        _options.AddSessionConfigEntry("session.inter_op.allow_spinning", "0");
        _options.LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL;
        OnnxFile file = OnnxFile.Read(path);
        byte[] model = GraphEdit.DropInitializerInputs(file);
        _session = new InferenceSession(asInTheEngine && PReluRewrite.IsFaster && PReluRewrite.TryRewrite(model, file.Opset, out byte[] rewritten) ? rewritten : model, _options);
        Input = GC.AllocateArray<float>(info.InputLength, pinned: true);
        Output = GC.AllocateArray<float>(info.Dimension, pinned: true);
        _inputValue = OrtValue.CreateTensorValueFromMemory(Input, [1, .. info.SampleShape]);
        _outputValue = OrtValue.CreateTensorValueFromMemory(Output, [1, info.Dimension]);
        _binding = _session.CreateIoBinding();
        _binding.BindInput(info.Input.Name, _inputValue);
        _binding.BindOutput(info.Output.Name, _outputValue);
    }

    public float[] Input { get; }

    public float[] Output { get; }

    public void Run() => _session.RunWithBinding(_run, _binding);

    public void Dispose()
    {
        _binding.Dispose();
        _inputValue.Dispose();
        _outputValue.Dispose();
        _session.Dispose();
        _run.Dispose();
        _options.Dispose();
    }
}
