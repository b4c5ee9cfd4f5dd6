using System.CommandLine;
using System.Diagnostics;
using System.Numerics.Tensors;
using CommunityToolkit.HighPerformance;
using Tercet.Cli.Input;
using Tercet.Cli.Options;
using Tercet.Cli.Output;
using Tercet.Interchange;
using Tercet.Memory;
using Tercet.Mining;

namespace Tercet.Cli.Commands;

/// <summary><c>tercet loss</c>: the triplet loss over what a rule selects, and its gradient.</summary>
internal sealed class LossCommand : Verb
{
    private static readonly (string Name, LossReduction Reduction)[] Reductions =
    [
        ("sum", LossReduction.Sum),
        ("mean", LossReduction.Mean),
        ("mean-nonzero", LossReduction.MeanNonZero),
    ];

    private readonly MiningArguments _arguments;
    private readonly Option<LossReduction?> _reduction = OptionOf.Choice("--reduction", "The sum over the triplets, their mean, or the mean over those above zero. Default mean.", "sum|mean|mean-nonzero", Reductions);
    private readonly Option<string> _gradientOut = OptionOf.Path("--gradient-out", "Write the gradient with respect to the rows (normalised, with --normalize): .npy, float32 [N, D].");

    public LossCommand()
        : base("loss", "Evaluate the triplet loss: over the triplets that a rule selects, or (batch-all) over all valid triplets without listing them.")
    {
        _arguments = new MiningArguments(this, RuleTable.Loss);
        foreach (Option option in (Option[])[_reduction, _gradientOut, Json])
            Add(option);
    }

    public override void Execute(ParseResult parse, Terminal terminal, CancellationToken cancellationToken)
    {
        RuleName rule = _arguments.Rule(parse);
        MiningOptions options = _arguments.Read(parse) with { Statistics = StatisticsLevel.Selected };
        LossReduction reduction = parse.GetValue(_reduction) ?? LossReduction.Mean;
        string? path = parse.GetValue(_gradientOut);
        if (path is not null && !path.EndsWith(".npy", StringComparison.OrdinalIgnoreCase))
            throw new UsageException($"--gradient-out {path}: the name must end in .npy");

        using MiningDevice device = MiningDevice.Open(parse.GetValue(_arguments.Device));
        long start = Stopwatch.GetTimestamp();
        using LabelledRows rows = LabelledRows.Load(parse.GetRequiredValue(_arguments.Embeddings), parse.GetRequiredValue(_arguments.Labels));
        double loadMs = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        options = options with { NegativeOnlyLabel = rows.CodeOf(parse.GetValue(_arguments.NegativeOnlyLabel)) };

        // The loss is taken over the rows that were mined, so both must see the scaled ones.
        if (options.Normalize)
            UnitRows.Normalize(rows.Matrix.Span);
        options = options with { Normalize = false };

        using TripletMiner miner = new(device.Backend);
        using PinnedMatrix? gradient = path is null ? null : new PinnedMatrix(rows.Matrix.Rows, rows.Matrix.Columns);
        (LossResult loss, double mineMs, double lossMs) = FailureText.About(rows.Path, () => rule == RuleName.BatchAll
            ? BatchAll(miner, rows, options, reduction, gradient, cancellationToken)
            : Selected(miner, rows, options, reduction, gradient, cancellationToken));
        cancellationToken.ThrowIfCancellationRequested();

        start = Stopwatch.GetTimestamp();
        if (gradient is not null)
            NpyFile.WriteMatrix(path!, gradient.Span);
        LossJson answer = new()
        {
            Rule = RuleTable.NameOf(rule),
            Metric = MetricOption.NameOf(options.Metric),
            Margin = options.Margin,
            Reduction = Reductions.First(entry => entry.Reduction == reduction).Name,
            N = rows.Matrix.Rows,
            D = rows.Matrix.Columns,
            Loss = loss.Value,
            Terms = loss.Terms,
            NonZeroTerms = loss.NonZeroTerms,
            GradientNorm = gradient is null ? null : TensorPrimitives.Norm<float>(gradient.Buffer.Span),
            Timings = new LossTimings(loadMs, mineMs, lossMs, path is null ? 0 : Stopwatch.GetElapsedTime(start).TotalMilliseconds),
            Device = device.Device,
            DeviceNote = device.Note,
            Backend = device.Backend.Name,
            GradientOut = path,
        };
        if (terminal.IsJson)
            Terminal.WriteJson(answer, JsonTypes.Default.LossJson);
        else
            LossTable.Write(terminal.Out, answer);
    }

    private static (LossResult Loss, double MineMs, double LossMs) BatchAll(TripletMiner miner, LabelledRows rows, MiningOptions options, LossReduction reduction, PinnedMatrix? gradient, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        LossResult loss = miner.BatchAllLoss(rows.Matrix.Span, rows.Labels.Values, options, reduction, Of(gradient), cancellationToken);
        return (loss, 0, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
    }

    private static (LossResult Loss, double MineMs, double LossMs) Selected(TripletMiner miner, LabelledRows rows, MiningOptions options, LossReduction reduction, PinnedMatrix? gradient, CancellationToken cancellationToken)
    {
        MiningInput input = MiningInput.Batch(rows.Matrix.Span, rows.Labels.Values);
        using PinnedBuffer<Triplet> triplets = new(checked((int)miner.Capacity(input, options)));
        long start = Stopwatch.GetTimestamp();
        int count = miner.Mine(input, options, triplets.Span, out _, cancellationToken);
        double mineMs = Stopwatch.GetElapsedTime(start).TotalMilliseconds;

        start = Stopwatch.GetTimestamp();
        LossResult loss = TripletLoss.Evaluate(rows.Matrix.Span, triplets.Span[..count], options.Metric, options.Margin, reduction, Of(gradient));
        return (loss, mineMs, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
    }

    private static Span2D<float> Of(PinnedMatrix? gradient) => gradient is null ? default : gradient.Span;
}
