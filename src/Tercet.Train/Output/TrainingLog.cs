using System.Globalization;
using Tercet.Interchange;
using Tercet.Train.Learning;

namespace Tercet.Train.Output;

/// <summary>The log of a run: one line of comma-separated values a step, written when the step is done.</summary>
internal sealed class TrainingLog : IDisposable
{
    private const string Head =
        "step,seconds,learning_rate,rule,loss,triplets,active,spread,mean_positive,mean_negative,batch_ms,forward_ms,mine_ms,loss_ms,backward_ms,refresh_ms,recall1,map_r,val_far01,val_far001";

    private readonly StreamWriter _writer;

    /// <summary>Opens the log. A resumed run takes out what later steps of the interrupted one had written, since they are done again.</summary>
    /// <param name="path">The file.</param>
    /// <param name="steps">Steps whose lines are kept.</param>
    public TrainingLog(string path, int steps)
    {
        string[] kept = steps > 0 && File.Exists(path) ? [.. File.ReadLines(path).Skip(1).Where(line => StepOf(line) is { } step && step < steps)] : [];
        AtomicFile.Write(path, stream =>
        {
            using StreamWriter writer = new(stream, leaveOpen: true);
            writer.Write(string.Join('\n', [Head, .. kept]) + "\n");
        });
        _writer = new StreamWriter(path, append: true);
    }

    public void Write(StepReport step, ValidationReport? validation)
    {
        object?[] values =
        [
            step.Step, Round(step.Seconds), step.LearningRate, step.Rule, Round(step.Loss), step.Triplets, Round(step.Active), Round(step.Spread),
            Round(step.MeanPositiveDistance), Round(step.MeanNegativeDistance), Round(step.BatchMs), Round(step.ForwardMs), Round(step.MineMs), Round(step.LossMs),
            Round(step.BackwardMs), Round(step.RefreshMs), validation?.Recall1, validation?.MapAtR, validation?.ValAtFar01, validation?.ValAtFar001,
        ];
        _writer.Write(string.Join(',', values.Select(value => Convert.ToString(value, CultureInfo.InvariantCulture))) + "\n");
        _writer.Flush();
    }

    public void Dispose() => _writer.Dispose();

    private static double Round(double value) => Math.Round(value, 6);

    // A killed run may have left half a line, which has no step or too few values.
    private static int? StepOf(string line) =>
        line.Count(character => character == ',') == Head.Count(character => character == ',')
        && int.TryParse(line.AsSpan(0, line.IndexOf(',', StringComparison.Ordinal)), NumberStyles.None, CultureInfo.InvariantCulture, out int step)
            ? step
            : null;
}
