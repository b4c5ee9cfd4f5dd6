using System.Numerics;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Tercet.Threading;

namespace Tercet.Forward;

/// <summary>
/// Input and output tensors bound once over the pinned buffers, so that a run of any count copies, pads and allocates nothing. A count is run
/// as slices whose lengths are powers of two, largest first: 13 = 8 + 4 + 1, or 4 + 4 + 4 + 1 where a slice is 4 at the most. The slice that ends at sample m is then
/// always as long as the lowest set bit of m, or the longest slice, so one binding for each m serves every count. With several streams the slices of a count run at
/// the same time. A provider of another device than the CPU copies an input when it is bound, not when it is run: there each run binds its input again.
/// </summary>
internal sealed class BatchSlots : IDisposable, ITeamJob
{
    private readonly InferenceSession _session;
    private readonly RunOptions _options = new();
    private readonly List<OrtValue> _values = [];
    private readonly OrtIoBinding[] _endingAt;
    private readonly OrtValue[] _inputs;
    private readonly string _inputName;
    private readonly bool _bindsEachRun;
    private readonly WorkerTeam? _team;
    private readonly int _streams;
    private readonly int _longest;
    private int _count;

    public BatchSlots(InferenceSession session, ModelInfo info, OutputShape output, nint inputAddress, nint outputAddress, OrtMemoryInfo outputPlace, int maxBatch, StreamPlan plan, bool bindsEachRun)
    {
        _session = session;
        (_streams, _longest) = plan;
        _team = _streams > 1 ? new WorkerTeam() : null;
        _options.LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL;
        _endingAt = new OrtIoBinding[maxBatch];
        _inputs = new OrtValue[maxBatch];
        (_inputName, _bindsEachRun) = (info.Input.Name, bindsEachRun);
        long[] sampleShape = [.. info.SampleShape];
        try
        {
            for (int end = 1; end <= maxBatch; end++)
            {
                int count = Math.Min(end & -end, _longest);
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
        int whole = count / _longest;
        int slices = whole + BitOperations.PopCount((uint)(count % _longest));
        if (_team is null)
        {
            for (int slice = 0; slice < slices; slice++)
                RunOne(EndOf(slice, count));
            return;
        }

        _count = count;
        _team.Run(this, slices, _streams, CancellationToken.None);
    }

    /// <summary>Runs every length of a slice once, and all streams.</summary>
    /// <exception cref="OnnxRuntimeException">A run failed.</exception>
    public void WarmUp()
    {
        for (int length = 1; length <= _longest; length *= 2)
            RunOne(length);
        if (_team is not null)
            Run(_endingAt.Length);
    }

    void ITeamJob.Execute(int worker, int item) => RunOne(EndOf(item, _count));

    public void Dispose()
    {
        _team?.Dispose();
        foreach (OrtIoBinding? binding in _endingAt)
            binding?.Dispose();
        foreach (OrtValue value in _values)
            value.Dispose();
        _options.Dispose();
    }

    // The sample after the last one of a slice: whole ones first, then what is left by its bits, highest first.
    private int EndOf(int slice, int count)
    {
        int whole = count / _longest;
        if (slice < whole)
            return (slice + 1) * _longest;
        int end = whole * _longest;
        for (int left = slice - whole; left >= 0; left--)
            end += 1 << BitOperations.Log2((uint)(count - end));
        return end;
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
