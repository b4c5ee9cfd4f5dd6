using System.Numerics;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Tercet.Forward;

/// <summary>
/// Input and output tensors bound once over the pinned buffers, so that a run of any count copies, pads and allocates nothing. A count is run
/// as the powers of two in its binary form, largest first: 13 = 8 + 4 + 1. The run that ends at sample m is then always
/// the lowest set bit of m long, so one binding for each m serves every count. A provider of another device than the CPU copies an input when it is bound, not when
/// it is run: there each run binds its input again.
/// </summary>
internal sealed class BatchSlots : IDisposable
{
    private readonly InferenceSession _session;
    private readonly RunOptions _options = new();
    private readonly List<OrtValue> _values = [];
    private readonly OrtIoBinding[] _endingAt;
    private readonly OrtValue[] _inputs;
    private readonly string _inputName;
    private readonly bool _bindsEachRun;
    private readonly bool _oneByOne;

    public BatchSlots(InferenceSession session, ModelInfo info, OutputShape output, nint inputAddress, nint outputAddress, OrtMemoryInfo outputPlace, int maxBatch, bool bindsEachRun)
    {
        _session = session;
        _oneByOne = info.BatchMode == BatchMode.OneByOne;
        _options.LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL;
        _endingAt = new OrtIoBinding[maxBatch];
        _inputs = new OrtValue[maxBatch];
        (_inputName, _bindsEachRun) = (info.Input.Name, bindsEachRun);
        long[] sampleShape = [.. info.SampleShape];
        try
        {
            for (int end = 1; end <= maxBatch; end++)
            {
                int count = _oneByOne ? 1 : end & -end;
                OrtIoBinding binding = session.CreateIoBinding();
                _endingAt[end - 1] = binding;
                _inputs[end - 1] = Tensor(OrtMemoryInfo.DefaultInstance, inputAddress, end - count, count, info.InputLength, sampleShape);
                if (!bindsEachRun)
                    binding.BindInput(_inputName, _inputs[end - 1]);
                binding.BindOutput(info.Output.Name, Tensor(outputPlace, outputAddress, end - count, count, output.Length, [.. output.PerSample]));
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <exception cref="OnnxRuntimeException">The run failed.</exception>
    public void Run(int count)
    {
        for (int end = 0; end < count;)
        {
            end += _oneByOne ? 1 : 1 << BitOperations.Log2((uint)(count - end));
            RunOne(end);
        }
    }

    /// <summary>Runs every batch size once.</summary>
    /// <exception cref="OnnxRuntimeException">A run failed.</exception>
    public void WarmUp()
    {
        for (int size = 1; size <= (_oneByOne ? 1 : _endingAt.Length); size *= 2)
            RunOne(size);
    }

    public void Dispose()
    {
        foreach (OrtIoBinding? binding in _endingAt)
            binding?.Dispose();
        foreach (OrtValue value in _values)
            value.Dispose();
        _options.Dispose();
    }

    private void RunOne(int end)
    {
        OrtIoBinding binding = _endingAt[end - 1];
        if (_bindsEachRun)
            binding.BindInput(_inputName, _inputs[end - 1]);
        _session.RunWithBinding(_options, binding);
    }

    private OrtValue Tensor(OrtMemoryInfo place, nint address, int first, int count, int length, long[] perSample)
    {
        nint offset = checked((nint)first * length * sizeof(float));
        OrtValue value = OrtValue.CreateTensorValueWithData(
            place, TensorElementType.Float, [count, .. perSample], address + offset, (long)count * length * sizeof(float));
        _values.Add(value);
        return value;
    }
}
