using SkiaSharp;
using Tercet.Cli.Options;
using Tercet.Cli.Output;
using Tercet.Cli.Reports;
using Tercet.Evaluation;
using Tercet.Mining;

namespace Tercet.Cli.Demo;

/// <summary>Puts the demo's picture together.</summary>
internal static class DemoPage
{
    private const int TripletsShown = 6;

    /// <summary>The bytes of the PNG file.</summary>
    public static byte[] Draw(FaceSet faces, RuleRace race, DemoJson answer, CancellationToken cancellationToken)
    {
        const DistanceMetric Metric = DistanceMetric.SquaredEuclidean;
        PairScores scores = PairScores.FromEmbeddings(faces.Rows.Span, faces.Labels, Metric);
        Dictionary<int, NamedPicture> pictures = [];
        try
        {
            TripletCard[] cards = [.. race.Hardest(TripletsShown, cancellationToken).Select(Card)];
            ReportHeader header = new(
                $"{answer.Faces} faces of {answer.People} people",
                FormattableString.Invariant($"Embedded by SFace ({faces.Rows.Columns} dimensions, unit length), aligned by one fixed map; {MetricOption.Describe(Metric)}"),
                EvaluationFigures.Of(answer.Evaluation));
            return DemoPicture.Render(
                header,
                "Hardest triplets: an anchor's farthest face of the same person and nearest face of another (one for each positive)",
                cards,
                new DistanceHistogram(scores.Same, scores.Different, MetricOption.Describe(Metric)),
                (2 * (1 - answer.CosineThreshold), FormattableString.Invariant($"SFace's published threshold: cosine {answer.CosineThreshold}")));
        }
        finally
        {
            foreach (NamedPicture picture in pictures.Values)
                picture.Image.Dispose();
        }

        TripletCard Card(Triplet triplet) =>
            new(Picture(triplet.Anchor), Picture(triplet.Positive), Picture(triplet.Negative), triplet.PositiveDistance, triplet.NegativeDistance);

        NamedPicture Picture(int row)
        {
            if (!pictures.TryGetValue(row, out NamedPicture? picture))
            {
                SKImage image = SKImage.FromEncodedData(faces.Paths[row]) ?? throw new TercetException($"{faces.Paths[row]}: cannot be decoded");
                picture = new NamedPicture(faces.Person(row), Path.GetFileName(faces.Paths[row]), image);
                pictures.Add(row, picture);
            }

            return picture;
        }
    }
}
