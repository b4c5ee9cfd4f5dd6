using CommunityToolkit.HighPerformance;
using Tercet.Memory;
using Tercet.Mining;

namespace Tercet.Tests.Mining;

/// <summary>Rows of 16 bits a component: what is mined are their values, exactly.</summary>
public sealed class NarrowRowsTests
{
    private static readonly MiningOptions[] Rules =
    [
        new() { Rule = MiningRule.BatchHard, Statistics = StatisticsLevel.Selected },
        new() { Rule = MiningRule.SemiHard, Fallback = SemiHardFallback.EasiestNegative },
        new() { Rule = MiningRule.HardNegative, Normalize = true },
    ];

    public static TheoryData<RowFormat, DistanceMetric> Formats => new(
        from format in new[] { RowFormat.Binary16, RowFormat.BFloat16 }
        from metric in Enum.GetValues<DistanceMetric>()
        select (format, metric));

    [Theory]
    [MemberData(nameof(Formats))]
    public void Mine_NarrowRows_SelectsWhatTheOracleSelectsAmongTheirValues(RowFormat format, DistanceMetric metric)
    {
        using TripletMiner miner = new();
        foreach (MiningCase source in MiningCase.Sample(12, seed: 800 + (10 * (int)format) + (int)metric).Where(each => each.Rows is not (RowKind.Huge or RowKind.MixedScale)))
        {
            NarrowCase each = new(source, format);
            foreach (MiningOptions rule in Rules)
            {
                MiningOptions options = rule with { Metric = metric, NegativeOnlyLabel = each.Wide.NegativeOnlyLabel };
                Oracle oracle = new(each.Wide, metric, options.Normalize);
                Agreement.Check(oracle, oracle.Mine(options), each.Mine(miner, options, out _), $"{source}; {format}, {options}", options.Margin);
            }
        }
    }

    [Fact]
    public void Mine_RowsWithAPitch_AreReadWhereTheyStand()
    {
        Half[,] padded = new Half[40, 12];
        Half[,] dense = new Half[40, 7];
        Random random = new(4);
        for (int i = 0; i < 40; i++)
        {
            for (int k = 0; k < 12; k++)
            {
                padded[i, k] = k < 7 ? (Half)random.NextSingle() : Half.NaN;
                if (k < 7)
                    dense[i, k] = padded[i, k];
            }
        }

        long[] labels = [.. Enumerable.Range(0, 40).Select(row => (long)row % 5)];
        using TripletMiner miner = new();
        Triplet[] fromPitch = new Triplet[40], fromDense = new Triplet[40];

        miner.Mine(MiningInput.Batch(padded.AsSpan2D(0, 0, 40, 7), labels), Rules[0], fromPitch, out MiningStatistics statistics, TestContext.Current.CancellationToken);
        miner.Mine(MiningInput.Batch(dense.AsSpan2D(), labels), Rules[0], fromDense, out MiningStatistics expected, TestContext.Current.CancellationToken);

        Assert.Equal(fromDense, fromPitch);
        Assert.Equal(expected, statistics);
    }

    [Fact]
    public void Mine_NarrowRowThatIsNotFinite_ThrowsWithItsPlace()
    {
        BFloat16[,] rows = new BFloat16[3, 2];
        rows[1, 1] = (BFloat16)float.PositiveInfinity;
        using TripletMiner miner = new();

        ArgumentException exception = Assert.Throws<ArgumentException>(() => miner.Mine(MiningInput.Batch(rows.AsSpan2D(), [1, 1, 2]), Rules[0], new Triplet[3], out _, TestContext.Current.CancellationToken));

        Assert.Contains("Row 1, column 1 of 'embeddings'", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void BatchAllLoss_NarrowRows_IsThatOfTheirValues()
    {
        NarrowCase each = new(MiningCase.Square(RowKind.Normal, LabelKind.Few, 33, 5, seed: 2), RowFormat.Binary16);
        using TripletMiner miner = new();
        float[,] gradient = new float[33, 5], expected = new float[33, 5];
        MiningOptions options = new();
        CancellationToken cancellation = TestContext.Current.CancellationToken;

        LossResult loss = miner.BatchAllLoss(each.Input, options, LossReduction.Sum, gradient, cancellation);

        Assert.Equal(miner.BatchAllLoss(each.Wide.Anchors, each.Wide.AnchorLabels, options, LossReduction.Sum, expected, cancellation), loss);
        Assert.Equal(expected.Cast<float>(), gradient.Cast<float>());
    }

    [Fact]
    public void BFloat16_EveryValueBetweenTwoOthers_RoundsToTheNearerTiesToEven()
    {
        for (uint bits = 0; bits < 0x7F80; bits++)
        {
            float value = BFloat16.FromBits((ushort)bits), next = BitConverter.UInt32BitsToSingle((bits + 1) << 16);
            float middle = BitConverter.UInt32BitsToSingle((bits << 16) | 0x8000);
            Assert.Equal(bits, ((BFloat16)value).Bits);
            Assert.Equal(bits + (bits & 1), ((BFloat16)middle).Bits);
            Assert.Equal((bits, bits + 1), (((BFloat16)float.BitDecrement(middle)).Bits, ((BFloat16)float.BitIncrement(middle)).Bits));
            Assert.Equal(0x8000 | bits, ((BFloat16)(-value)).Bits);
            Assert.True(value < next);
        }

        Assert.True(float.IsNaN((BFloat16)float.NaN));
        Assert.Equal(float.PositiveInfinity, (BFloat16)float.MaxValue);
    }
}
