using Tercet.Cli.Output;

namespace Tercet.Train.Output;

/// <summary>Prints the answer of a run.</summary>
internal static class TrainAnswer
{
    public static void Write(Terminal terminal, TrainJson answer)
    {
        if (terminal.IsJson)
        {
            Terminal.WriteJson(answer, TrainJsonTypes.Default.TrainJson);
            return;
        }

        FactTable table = new();
        table.Add("steps", $"{answer.Step:N0} in {answer.Seconds:F0} s, {answer.StepMsMedian:F0} ms each");
        table.Add("mining", $"{answer.MiningShare:P1} of a step");
        if (answer.RefreshMs > 0)
            table.Add("refreshes", $"{answer.RefreshMs / 1000:F1} s");
        if (answer.SwitchedAt is { } step)
            table.Add("collapse", $"at step {step:N0}, then semi-hard");
        if (answer.Recall1 is { } recall)
            table.Add("recall@1, MAP@R", $"{recall:P2}, {answer.MapAtR:P2}");
        if (answer.ValAtFar01 is { } validation)
            table.Add("VAL at FAR 0.01, 0.001", $"{validation:P2}, {answer.ValAtFar001:P2}");
        table.Add("weights", answer.WeightsSha256);
        table.Add("model", answer.Model ?? "none: interrupted");
        table.Write(terminal.Out);
    }
}
