using Spectre.Console;

namespace Tercet.Cli.Output;

/// <summary>The answer of <c>loss</c> for a person.</summary>
internal static class LossTable
{
    public static void Write(IAnsiConsole console, LossJson answer)
    {
        FactTable table = new();
        table.Add("rule", answer.Rule);
        table.Add("rows", $"{answer.N:N0} × {answer.D}");
        table.Add("metric, margin", $"{answer.Metric}, {answer.Margin}");
        table.Add($"loss ({answer.Reduction})", $"{answer.Loss:G9}");
        table.Add("triplets", $"{answer.Terms:N0}");
        table.Add("  above zero", $"{answer.NonZeroTerms:N0}");
        if (answer.GradientNorm is { } norm)
            table.Add("norm of the gradient", $"{norm:G6}");
        table.Add("time", $"load {answer.Timings.LoadMs:F1} ms, mine {answer.Timings.MineMs:F1} ms, loss {answer.Timings.LossMs:F1} ms");
        table.Add("backend", answer.DeviceNote is null ? answer.Backend : $"{answer.Backend} ({answer.DeviceNote})");
        if (answer.GradientOut is not null)
            table.Add("gradient written", answer.GradientOut);
        table.Write(console);
    }
}
