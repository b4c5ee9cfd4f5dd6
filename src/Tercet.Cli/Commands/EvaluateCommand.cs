using System.CommandLine;
using System.Globalization;
using Tercet.Cli.Input;
using Tercet.Cli.Options;
using Tercet.Cli.Output;
using Tercet.Cli.Reports;
using Tercet.Evaluation;
using Tercet.Interchange;
using Tercet.Mining;

namespace Tercet.Cli.Commands;

/// <summary><c>tercet evaluate</c>: how well labelled embeddings tell identities apart.</summary>
internal sealed class EvaluateCommand : Verb
{
    private readonly Option<string> _embeddings = OptionOf.Path("--embeddings", "The rows: a .npy file of shape [N, D], float16, float32 or float64.");
    private readonly Option<string> _labels = OptionOf.Path("--labels", "Their labels: a .npy file of N integers, or a text file with one label a line.");
    private readonly Option<string> _gallery = OptionOf.Path("--gallery", "A gallery instead of both: its rows and labels; rows without a label are left out.", helpName: "FOLDER");
    private readonly Option<DistanceMetric?> _metric = MetricOption.Create();
    private readonly Option<int?> _folds = OptionOf.Count("--folds", "Folds of the best-threshold accuracy (LFW protocol). Default 10.", 2, 255);
    private readonly Option<double?> _threshold = OptionOf.Number("--threshold", "Also give the accuracy of taking pairs at this distance or nearer for one identity. A cosine similarity c is the cosine distance 1 - c.");
    private readonly Option<double[]> _far = OptionOf.Numbers("--far", "False-accept rates to give VAL at. Default 0.1,0.01,0.001.", 0, 1);
    private readonly Option<double[]> _wanted = OptionOf.Numbers("--suggest", "Suggest a threshold for each of these false-accept rates, with confidence intervals.", 0, 1);
    private readonly Option<double?> _confidence = OptionOf.Number("--confidence", "The confidence of the intervals. Default 0.95.", 0.01, 0.999999);
    private readonly Option<double[]> _ranks = OptionOf.Numbers("--rank", "Ranks to give the identification rate (recall@k) at. Default 1,5,10.", 1, int.MaxValue);
    private readonly Option<bool> _normalize = OptionOf.Flag("--normalize", "Scale every row to unit length first.");
    private readonly Option<string> _plot = OptionOf.Path("--plot", "Draw the distances and the ROC curve into this .png file.");

    public EvaluateCommand()
        : base("evaluate", "Tell how well embeddings separate their labels: accuracy, VAL at FAR, AUC, equal error rate, recall@k, R-precision, MAP@R.")
    {
        foreach (Option option in (Option[])[_embeddings, _labels, _gallery, _metric, _folds, _threshold, _far, _wanted, _confidence, _ranks, _normalize, _plot, Json])
            Add(option);
    }

    public override void Execute(ParseResult parse, Terminal terminal, CancellationToken cancellationToken)
    {
        string? plot = parse.GetValue(_plot);
        if (plot is not null && !plot.EndsWith(".png", StringComparison.OrdinalIgnoreCase))
            throw new UsageException($"--plot {plot}: the name must end in .png");
        using EvaluatedRows rows = ReadRows(parse, cancellationToken);
        EvaluationOptions options = OptionsFor(parse, rows);
        if (parse.GetValue(_normalize))
            UnitRows.Normalize(rows.Matrix.Span);
        EvaluationReport report = FailureText.About(rows.Path, () => EvaluationReport.FromEmbeddings(rows.Matrix.Span, rows.Labels, options, cancellationToken));
        cancellationToken.ThrowIfCancellationRequested();
        EvaluationJson answer = EvaluationJson.Of(report) with { Unlabelled = rows.Unlabelled };
        if (plot is not null)
        {
            byte[] picture = Draw(rows, answer, options);
            AtomicFile.Write(plot, stream => stream.Write(picture));
        }

        if (terminal.IsJson)
            Terminal.WriteJson(answer, JsonTypes.Default.EvaluationJson);
        else
            EvaluationTable.Write(terminal.Out, answer);
    }

    private EvaluatedRows ReadRows(ParseResult parse, CancellationToken cancellationToken) =>
        (parse.GetValue(_gallery), parse.GetValue(_embeddings), parse.GetValue(_labels)) switch
        {
            ({ } gallery, null, null) => EvaluatedRows.OfGallery(gallery, cancellationToken),
            (null, { } embeddings, { } labels) => EvaluatedRows.OfFiles(embeddings, labels),
            (null, _, _) => throw new UsageException("--embeddings and --labels are needed, or --gallery"),
            _ => throw new UsageException("--gallery has its own rows and labels: leave out --embeddings and --labels"),
        };

    private EvaluationOptions OptionsFor(ParseResult parse, EvaluatedRows rows)
    {
        if (parse.GetValue(_gallery) is { } gallery && rows.Metric is null && parse.GetValue(_metric) is null)
            throw new UsageException($"--gallery {gallery}: inner products are no distances of pairs; name a --metric");
        EvaluationOptions options = new()
        {
            Metric = parse.GetValue(_metric) ?? rows.Metric ?? DistanceMetric.SquaredEuclidean,
            Folds = parse.GetValue(_folds) ?? 10,
            Threshold = parse.GetValue(_threshold),
            WantedFalseAcceptRates = parse.GetValue(_wanted) ?? [],
            Confidence = parse.GetValue(_confidence) ?? 0.95,
        };
        if (parse.GetValue(_far) is { Length: > 0 } rates)
            options = options with { FalseAcceptRates = rates };
        if (parse.GetValue(_ranks) is { Length: > 0 } ranks)
            options = options with { RecallAt = [.. ranks.Select(rank => (int)rank)] };
        return options;
    }

    private static byte[] Draw(EvaluatedRows rows, EvaluationJson answer, EvaluationOptions options)
    {
        PairScores scores = PairScores.FromEmbeddings(rows.Matrix.Span, rows.Labels, options.Metric, options.MaximumPairs, options.Seed);
        ReportHeader header = new(
            $"Evaluation of {Path.GetFileName(rows.Path)}",
            FormattableString.Invariant($"{answer.N:N0} rows of {answer.D} dimensions, {answer.Identities:N0} labels; {MetricOption.Describe(options.Metric)}"),
            EvaluationFigures.Of(answer));
        (double, string)? mark = options.Threshold is { } threshold ? (threshold, "threshold " + threshold.ToString("G6", CultureInfo.InvariantCulture)) : null;
        RocPoint[] curve = RocCurve.FromScores(scores)?.Points() ?? [];
        return EvaluationPicture.Render(
            header,
            new DistanceHistogram(scores.Same, scores.Different, MetricOption.Describe(options.Metric)),
            mark,
            [.. curve.Select(point => (point.FalseAcceptRate, point.ValidationRate))]);
    }
}
