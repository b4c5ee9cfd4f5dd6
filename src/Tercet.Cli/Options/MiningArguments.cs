using System.CommandLine;
using Tercet.Forward;
using Tercet.Mining;

namespace Tercet.Cli.Options;

/// <summary>The options that <c>mine</c> and <c>loss</c> share: which rows, which rule, which unit.</summary>
internal sealed class MiningArguments
{
    private readonly Option<double?> _margin = OptionOf.Number("--margin", "The margin α in the metric's unit, 0 or more. Default 0.2.");
    private readonly Option<DistanceMetric?> _metric = MetricOption.Create();
    private readonly Option<bool> _withinMargin = OptionOf.Flag("--within-margin", "semi-hard only: the negative must also be nearer than d(a,p) + margin.");
    private readonly Option<SemiHardFallback?> _fallback = OptionOf.Choice(
        "--fallback",
        "semi-hard only, for a pair without a semi-hard negative: skip it, or take the anchor's easiest (farthest) or hardest (nearest) negative. Default skip.",
        "skip|easiest|hardest",
        ("skip", SemiHardFallback.Skip),
        ("easiest", SemiHardFallback.EasiestNegative),
        ("hardest", SemiHardFallback.HardestNegative));

    private readonly Option<EasyPositiveVariant?> _easyPositive = OptionOf.Choice(
        "--easy-positive",
        "easy-positive only: the nearest positive, or the nearest one beyond the nearest negative. Default nearest.",
        "nearest|beyond-negative",
        ("nearest", EasyPositiveVariant.Nearest),
        ("beyond-negative", EasyPositiveVariant.NearestBeyondNegative));

    private readonly Option<bool> _normalize = OptionOf.Flag("--normalize", "Scale every row to unit length first.");
    private readonly Option<ulong?> _seed = OptionOf.Seed("--seed", "Seed of the rules that draw at random. Default 0.");
    private readonly Option<RuleName?> _rule;

    public MiningArguments(Command command, (string Name, RuleName Rule)[] rules)
    {
        _rule = OptionOf.Choice("--rule", $"{string.Join(", ", rules.Select(entry => entry.Name))}. Default semi-hard.", "RULE", rules);
        foreach (Option option in (Option[])[Embeddings, Labels, _rule, _metric, _margin, _withinMargin, _fallback, _easyPositive, NegativeOnlyLabel, _normalize, _seed, Device, Threads])
            command.Add(option);
    }

    public Option<string> Embeddings { get; } = OptionOf.Path("--embeddings", "The rows: a .npy file of shape [N, D], float16, float32 or float64.", required: true);

    public Option<string> Labels { get; } = OptionOf.Path("--labels", "Their labels: a .npy file of N integers, or a text file with one label a line.", required: true);

    public Option<string> NegativeOnlyLabel { get; } = OptionOf.Text("--negative-only-label", "Rows with this label, written as in the labels file, serve as negatives only.", "LABEL");

    public Option<DeviceChoice?> Device { get; } = DeviceOption.Create("distances are computed");

    public Option<int?> Threads { get; } = OptionOf.Count("--threads", "Threads to use; 0 means every processor. Default 0.", 0, 1024);

    /// <summary>The rule asked for.</summary>
    public RuleName Rule(ParseResult parse) => parse.GetValue(_rule) ?? RuleName.SemiHard;

    /// <summary>The engine's options.</summary>
    /// <exception cref="UsageException">An option was given that the rule would ignore.</exception>
    public MiningOptions Read(ParseResult parse)
    {
        RuleName rule = Rule(parse);
        Refuse(parse, _withinMargin, rule, RuleName.SemiHard);
        Refuse(parse, _fallback, rule, RuleName.SemiHard);
        Refuse(parse, _easyPositive, rule, RuleName.EasyPositive);
        return new MiningOptions
        {
            Rule = RuleTable.Selection(rule) ?? MiningRule.SemiHard,
            Metric = parse.GetValue(_metric) ?? DistanceMetric.SquaredEuclidean,
            Margin = parse.GetValue(_margin) ?? 0.2,
            WithinMargin = parse.GetValue(_withinMargin),
            Fallback = parse.GetValue(_fallback) ?? SemiHardFallback.Skip,
            EasyPositive = parse.GetValue(_easyPositive) ?? EasyPositiveVariant.Nearest,
            Normalize = parse.GetValue(_normalize),
            Seed = parse.GetValue(_seed) ?? 0,
            Threads = parse.GetValue(Threads) ?? 0,
        };
    }

    /// <summary>The rows' file, and that of their labels.</summary>
    /// <exception cref="UsageException">One is missing.</exception>
    public (string Embeddings, string Labels) Files(ParseResult parse) => (Required(parse, Embeddings), Required(parse, Labels));

    /// <summary>Refuses an option that another rule than <paramref name="only"/> would ignore.</summary>
    /// <exception cref="UsageException">It was given with another rule.</exception>
    public static void Refuse(ParseResult parse, Option option, RuleName rule, RuleName only)
    {
        if (rule != only && parse.GetResult(option) is { Implicit: false })
            throw new UsageException($"{option.Name} is for rule {RuleTable.NameOf(only)}; rule {RuleTable.NameOf(rule)} would ignore it");
    }

    private static string Required(ParseResult parse, Option<string> option) =>
        parse.GetValue(option) ?? throw new UsageException($"Option '{option.Name}' is required.");
}
