using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Tercet.Convergence;

/// <summary>The table and the plots of all cells there are.</summary>
internal static class Report
{
    public static void Write(string cells, string folder)
    {
        CellResult[] results =
        [
            .. Directory.GetFiles(cells, "*.json", SearchOption.AllDirectories)
                .Select(file => JsonSerializer.Deserialize(File.ReadAllBytes(file), CellJson.Default.CellResult) ?? throw new InvalidDataException($"{file} holds null.")),
        ];
        Directory.CreateDirectory(folder);
        StringBuilder text = new();
        foreach (IGrouping<string, CellResult> dataset in results.GroupBy(result => result.Dataset).OrderByDescending(group => group.Key, StringComparer.Ordinal))
        {
            Curves[] curves =
            [
                .. from strategy in Strategy.All
                   let own = dataset.Where(result => result.Strategy == strategy.Name).OrderBy(result => result.Seed).ToArray()
                   where own.Length > 0
                   select new Curves(strategy.Name, own),
            ];
            Table(text, dataset.Key, curves);
            CurvePicture.Save(curves, dataset.Key, Path.Combine(folder, $"convergence-{dataset.Key}.png"));
        }

        File.WriteAllText(Path.Combine(folder, "convergence-table.md"), text.ToString());
        Console.Write(text);
    }

    private static void Table(StringBuilder text, string dataset, Curves[] curves)
    {
        Curves? baseline = curves.FirstOrDefault(each => each.Strategy == Strategy.Baseline);
        double goal = baseline?.Recall.Max() ?? double.PositiveInfinity;
        int? baselineAt = baseline?.FirstAt(goal);
        text.AppendLine(CultureInfo.InvariantCulture, $"## {dataset}").AppendLine();
        if (baselineAt is { } at)
            text.AppendLine(CultureInfo.InvariantCulture, $"Random triplets' best mean recall@1: {100 * goal:F1} %, at step {baseline!.Steps[at]}.").AppendLine();
        text.AppendLine("| strategy | seeds | recall@1 at the end | MAP@R | steps to random's best | processor s to it | processor s in all | active at the end | least spread | mining | refreshes | switched at |");
        text.AppendLine("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---|");
        foreach (Curves each in curves)
        {
            int? reached = each.FirstAt(goal);
            double steps = each.Cells.Sum(cell => cell.StepMs.Sum());
            double refreshes = each.Cells.Sum(cell => cell.RefreshMs);
            text.AppendLine(string.Join(" | ",
                "| " + each.Strategy,
                each.Cells.Count,
                Text($"{100 * each.FinalRecall:F1} ± {100 * each.Deviation:F1} %"),
                Text($"{100 * each.FinalMap:F1} %"),
                reached is { } first ? Text($"{each.Steps[first]}") : "never",
                reached is { } then ? Text($"{each.Seconds[then]:F1}") : "–",
                Text($"{each.Seconds[^1]:F1}"),
                Text($"{100 * each.Active.TakeLast(20).Average():F0} %"),
                Text($"{each.LeastSpread:F4}"),
                Text($"{100 * each.Cells.Sum(cell => cell.MineMs.Sum()) / steps:F1} %"),
                refreshes > 0 ? Text($"{100 * refreshes / (steps + refreshes):F0} %") : "–",
                string.Join(", ", each.Cells.Where(cell => cell.SwitchedAt is not null).Select(cell => cell.SwitchedAt))) + " |");
        }

        text.AppendLine();
    }

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
