using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Tercet.Convergence;

/// <summary>The table and the plots of all cells there are.</summary>
internal static class Report
{
    public static void Write(string cells, string paceFile, string folder)
    {
        CellResult[] results =
        [
            .. Directory.GetFiles(cells, "*.json", SearchOption.AllDirectories)
                .Select(file => JsonSerializer.Deserialize(File.ReadAllBytes(file), CellJson.Default.CellResult) ?? throw new InvalidDataException($"{file} holds null.")),
        ];
        Pace[] paces = JsonSerializer.Deserialize(File.ReadAllBytes(paceFile), CellJson.Default.PaceArray) ?? throw new InvalidDataException($"{paceFile} holds null.");
        Directory.CreateDirectory(folder);
        StringBuilder text = new();
        foreach (IGrouping<string, CellResult> dataset in results.GroupBy(result => result.Dataset).OrderByDescending(group => group.Key, StringComparer.Ordinal))
        {
            Curves[] curves =
            [
                .. from strategy in Strategy.All
                   let own = dataset.Where(result => result.Strategy == strategy.Name).OrderBy(result => result.Seed).ToArray()
                   where own.Length > 0
                   select new Curves(strategy.Name, own, paces.Single(pace => pace.Dataset == dataset.Key && pace.Strategy == strategy.Name)),
            ];
            Table(text, dataset.Key, curves);
            CurvePicture.Save(curves, dataset.Key, Path.Combine(folder, $"convergence-{dataset.Key}.png"));
        }

        File.WriteAllText(Path.Combine(folder, "convergence-table.md"), text.ToString());
        Console.Write(text);
    }

    private static void Table(StringBuilder text, string dataset, Curves[] curves)
    {
        text.AppendLine(CultureInfo.InvariantCulture, $"## {dataset}").AppendLine();
        double goal = Goal(text, curves, Strategy.Baseline);
        double singleGoal = Goal(text, curves, Strategy.SingleBaseline);
        text.AppendLine();
        text.AppendLine($"| strategy | seeds | recall@1 at the end | MAP@R | steps to {Strategy.Baseline}'s best | s to it | steps to {Strategy.SingleBaseline}'s best | ms a step | mining | refreshes | active at the end | least spread | switched at |");
        text.AppendLine("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---|");
        foreach (Curves each in curves)
        {
            text.AppendLine(string.Join(" | ",
                "| " + each.Strategy,
                each.Cells.Count,
                Text($"{100 * each.FinalRecall:F1} ± {100 * each.Deviation:F1} %"),
                Text($"{100 * each.FinalMap:F1} %"),
                each.FirstAt(goal) is { } first ? Text($"{each.Steps[first]}") : "never",
                each.FirstAt(goal) is { } then ? Text($"{each.Seconds[then]:F1}") : "–",
                each.FirstAt(singleGoal) is { } single ? Text($"{each.Steps[single]}") : "never",
                Text($"{1000 * each.Pace.SecondsPerStep:F0}"),
                Text($"{100 * each.Pace.MiningShare:F1} %"),
                each.Pace.RefreshShare > 0 ? Text($"{100 * each.Pace.RefreshShare:F0} %") : "–",
                Text($"{100 * each.Active.TakeLast(20).Average():F0} %"),
                Text($"{each.LeastSpread:F4}"),
                string.Join(", ", each.Cells.Where(cell => cell.SwitchedAt is not null).Select(cell => cell.SwitchedAt))) + " |");
        }

        text.AppendLine();
    }

    /// <summary>Says the best mean recall@1 of a strategy, which the others have to reach.</summary>
    private static double Goal(StringBuilder text, Curves[] curves, string strategy)
    {
        if (curves.FirstOrDefault(each => each.Strategy == strategy) is not { } baseline)
            return double.PositiveInfinity;
        double goal = baseline.Recall.Max();
        text.AppendLine(CultureInfo.InvariantCulture, $"Best mean recall@1 of {strategy}: {100 * goal:F1} %, at step {baseline.Steps[baseline.FirstAt(goal) ?? 0]}.");
        return goal;
    }

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
