using System.Text.Json;
using Tercet.Evaluation;
using Tercet.Mining;

namespace Tercet.Tests.Evaluation;

public sealed class EvaluationReportTests
{
    [Fact]
    public void FromEmbeddings_TwoTightClusters_IsPerfect()
    {
        (float[,] rows, long[] labels) = TestSet.Random(40, 8, 2, seed: 1);
        for (int row = 0; row < 40; row++)
            rows[row, 0] += labels[row];

        EvaluationReport report = EvaluationReport.FromEmbeddings(rows, labels, new EvaluationOptions { Threshold = 20 }, TestContext.Current.CancellationToken);

        Assert.Equal((40, 8, 2), (report.Rows, report.Columns, report.Identities));
        Assert.Equal((1.0, 0.0), (report.Verification.Auc, report.Verification.EqualErrorRate!.Value.Rate));
        Assert.All(report.Verification.ValidationAtFar, v => Assert.Equal(1, v.Validation));
        Assert.Equal(1, report.Verification.AtThreshold!.Value.Accuracy);
        Assert.Equal(1, report.Verification.BestThreshold!.Mean);
        Assert.Equal((1.0, 1.0, 1.0), (report.Retrieval.Rank1, report.Retrieval.RPrecision, report.Retrieval.MapAtR));
        Assert.True(report.Verification.MeanSameDistance < report.Verification.MeanDifferentDistance);
    }

    [Theory]
    [InlineData(new long[] { 1 })]
    [InlineData(new long[] { 1, 1, 1 })]
    [InlineData(new long[] { 1, 2, 3 })]
    [InlineData(new long[] { 1, 1, 2 })]
    public void FromEmbeddings_DegenerateLabels_NeverGivesNaN(long[] labels)
    {
        float[,] rows = new float[labels.Length, 2];
        foreach (DistanceMetric metric in Enum.GetValues<DistanceMetric>())
        {
            EvaluationReport report = EvaluationReport.FromEmbeddings(rows, labels, new EvaluationOptions { Metric = metric, Threshold = 0.5 }, TestContext.Current.CancellationToken);

            // The serializer refuses NaN and infinities.
            Assert.NotEmpty(JsonSerializer.Serialize(report));
            bool hasBoth = labels.Distinct().Count() is > 1 and < 3 && labels.Length == 3;
            Assert.Equal(hasBoth, report.Verification.Auc is not null);
            Assert.Equal(labels.Distinct().Count() < labels.Length, report.Retrieval.Rank1 is not null);
            Assert.Null(report.Verification.BestThreshold);
        }
    }
}
