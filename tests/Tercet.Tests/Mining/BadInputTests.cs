using CommunityToolkit.HighPerformance;
using Tercet.Mining;

namespace Tercet.Tests.Mining;

/// <summary>What a call refuses, and that the message names the parameter, the row and the value.</summary>
public sealed class BadInputTests
{
    private static readonly long[] Labels = [0, 0, 1, 1];

    [Theory]
    [InlineData(float.NaN, 0, 0)]
    [InlineData(float.NaN, 3, 16)]
    [InlineData(float.PositiveInfinity, 2, 8)]
    [InlineData(float.NegativeInfinity, 1, 1)]
    public void Mine_ComponentNotFinite_NamesParameterRowAndValue(float value, int row, int column)
    {
        float[,] rows = new float[4, 17];
        rows[row, column] = value;

        foreach (MiningRule rule in Enum.GetValues<MiningRule>())
        {
            foreach (DistanceMetric metric in Enum.GetValues<DistanceMetric>())
                Names(Refuse(rows, Labels, new MiningOptions { Rule = rule, Metric = metric, Normalize = metric == DistanceMetric.Euclidean }), "embeddings", $"{row}", $"{value}");
        }
    }

    [Theory]
    [InlineData("anchors")]
    [InlineData("gallery")]
    public void Mine_RectangularComponentNotFinite_NamesTheMatrix(string which)
    {
        float[,] anchors = new float[2, 3], gallery = new float[4, 3];
        (which == "anchors" ? anchors : gallery)[1, 2] = float.NaN;
        using TripletMiner miner = new();

        ArgumentException failure = Assert.ThrowsAny<ArgumentException>(() =>
            miner.Mine(MiningInput.AgainstGallery(anchors, [0, 1], gallery, Labels), new MiningOptions(), new Triplet[16], out _, TestContext.Current.CancellationToken));

        Names(failure, which, "1", "NaN");
    }

    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(0)]
    public void Mine_LabelCountDiffers_NamesBothNumbers(int count) =>
        Names(Refuse(new float[4, 2], new long[count], new MiningOptions()), "labels", $"{count}", "4");

    [Theory]
    [InlineData(0, 3)]
    [InlineData(4, 0)]
    public void Mine_NoRowsOrNoColumns_IsRefused(int rows, int columns) =>
        Names(Refuse(new float[rows, columns], new long[rows], new MiningOptions()), "embeddings", "0");

    [Theory]
    [InlineData(-0.1)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    public void Mine_MarginNegativeOrNotFinite_NamesTheValue(double margin) =>
        Names(Refuse(new float[4, 2], Labels, new MiningOptions { Margin = margin }), "Margin", $"{margin}");

    [Fact]
    public void Mine_UndefinedRuleOrMetricOrNegativeThreads_IsRefused()
    {
        Names(Refuse(new float[4, 2], Labels, new MiningOptions { Rule = (MiningRule)99 }), "Rule", "99");
        Names(Refuse(new float[4, 2], Labels, new MiningOptions { Metric = (DistanceMetric)99 }), "Metric", "99");
        Names(Refuse(new float[4, 2], Labels, new MiningOptions { Threads = -1 }), "Threads", "-1");
    }

    [Theory]
    [InlineData(MiningRule.BatchHard, 4)]
    [InlineData(MiningRule.SemiHard, 8)]
    public void Mine_OutputTooShort_NamesBothLengths(MiningRule rule, int capacity)
    {
        using TripletMiner miner = new();
        MiningOptions options = new() { Rule = rule };
        float[,] rows = new float[8, 2];
        long[] labels = [0, 0, 1, 1, 7, 8, 9, 10];
        Assert.Equal(4, miner.Capacity(MiningInput.Batch(rows, labels), options));
        labels = rule == MiningRule.BatchHard ? labels : [0, 0, 1, 1, 2, 2, 3, 3];
        Triplet[] tooShort = new Triplet[capacity - 1];

        ArgumentException failure = Assert.ThrowsAny<ArgumentException>(() => miner.Mine(rows, labels, options, tooShort, out _, TestContext.Current.CancellationToken));

        Names(failure, "triplets", $"{capacity - 1}", $"{capacity}");
        Assert.All(tooShort, triplet => Assert.Equal(default, triplet));
    }

    [Fact]
    public void Mine_RectangularShapesThatDisagree_AreRefused()
    {
        using TripletMiner miner = new();
        float[,] two = new float[2, 3], wide = new float[4, 4], four = new float[4, 3];

        Names(Failure(two, [0, 1], wide, Labels, []), "gallery", "3", "4");
        Names(Failure(two, [0, 1], four, [0, 0, 1], []), "galleryLabels", "3", "4");
        Names(Failure(two, [0], four, Labels, []), "anchorLabels", "1", "2");
        Names(Failure(two, [0, 1], four, Labels, [0]), "anchorRows", "1", "2");
        Names(Failure(two, [0, 1], four, Labels, [0, 4]), "anchorRows", "4");
        Names(Failure(two, [0, 1], four, Labels, [-2, 2]), "anchorRows", "-2");
        Names(Failure(two, [0, 1], four, Labels, [0, 1]), "anchorRows", "1", "0");

        ArgumentException Failure(float[,] anchors, long[] anchorLabels, float[,] gallery, long[] galleryLabels, int[] anchorRows) =>
            Assert.ThrowsAny<ArgumentException>(() => miner.Mine(
                MiningInput.AgainstGallery(anchors, anchorLabels, gallery, galleryLabels, anchorRows), new MiningOptions(), new Triplet[64], out _, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void StreamPairsAndLoss_BadArguments_AreRefused()
    {
        using TripletMiner miner = new();
        float[,] rows = new float[4, 2];

        foreach (double epsilon in new[] { -1, double.NaN, double.PositiveInfinity })
            Names(Assert.ThrowsAny<ArgumentException>(() => miner.StreamPairs(MiningInput.Batch(rows, Labels), epsilon, new MiningOptions(), _ => { }, TestContext.Current.CancellationToken)), "epsilon", $"{epsilon}");
        Names(Assert.ThrowsAny<ArgumentException>(() => miner.BatchAllLoss(rows, Labels, new MiningOptions(), LossReduction.Sum, new float[4, 3], TestContext.Current.CancellationToken)), "gradient", "3");
        Names(Assert.ThrowsAny<ArgumentException>(() => miner.BatchAllLoss(rows, Labels, new MiningOptions(), (LossReduction)9, default, TestContext.Current.CancellationToken)), "reduction", "9");
        Names(Assert.ThrowsAny<ArgumentException>(() => miner.Stream(MiningInput.Batch(rows, Labels), (TripletKind)9, new MiningOptions(), new CollectingConsumer(), TestContext.Current.CancellationToken)), "kind", "9");
    }

    [Fact]
    public void Mine_AfterARefusal_StillWorks()
    {
        using TripletMiner miner = new();
        float[,] rows = { { 0 }, { 1 }, { 5 }, { float.NaN } };
        Triplet[] triplets = new Triplet[4];
        Assert.ThrowsAny<ArgumentException>(() => miner.Mine(rows, Labels, new MiningOptions { Rule = MiningRule.BatchHard }, triplets, out _, TestContext.Current.CancellationToken));
        rows[3, 0] = 6;

        int count = miner.Mine(rows, Labels, new MiningOptions { Rule = MiningRule.BatchHard }, triplets, out _, TestContext.Current.CancellationToken);

        Assert.Equal([new Triplet(0, 1, 2, 1, 25), new Triplet(1, 0, 2, 1, 16), new Triplet(2, 3, 1, 1, 16), new Triplet(3, 2, 1, 1, 25)], triplets[..count]);
    }

    [Fact]
    public void Mine_AfterDispose_Throws()
    {
        TripletMiner miner = new();
        miner.Dispose();
        miner.Dispose();

        Assert.Throws<ObjectDisposedException>(() => miner.Mine(new float[4, 2], Labels, new MiningOptions(), new Triplet[4], out _, TestContext.Current.CancellationToken));
    }

    private static ArgumentException Refuse(float[,] rows, long[] labels, MiningOptions options)
    {
        using TripletMiner miner = new();
        return Assert.ThrowsAny<ArgumentException>(() => miner.Mine(new ReadOnlySpan2D<float>(rows), labels, options, new Triplet[64], out _, TestContext.Current.CancellationToken));
    }

    private static void Names(ArgumentException failure, params string[] words) =>
        Assert.All(words, word => Assert.Contains(word, failure.Message, StringComparison.Ordinal));
}
