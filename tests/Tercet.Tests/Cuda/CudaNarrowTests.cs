using Tercet.Backends.Cuda;
using Tercet.Memory;
using Tercet.Mining;
using Tercet.Tests.Mining;

namespace Tercet.Tests.Cuda;

/// <summary>Rows of 16 bits a component on the simulated device, which receives them as they are.</summary>
public sealed class CudaNarrowTests
{
    private static readonly MiningOptions[] Rules =
    [
        new() { Rule = MiningRule.BatchHard, Statistics = StatisticsLevel.Selected },
        new() { Rule = MiningRule.SemiHard, Fallback = SemiHardFallback.EasiestNegative },
    ];

    public static TheoryData<RowFormat, DistanceMetric> Formats => NarrowRowsTests.Formats;

    [Theory]
    [MemberData(nameof(Formats))]
    public void Mine_NarrowRows_SelectsWhatTheOracleSelectsAmongTheirValues(RowFormat format, DistanceMetric metric)
    {
        SimulatedDriver driver = new() { Schedule = (int)metric % 3, Device = format == RowFormat.Binary16 ? SimulatedDriver.Ampere : new SimulatedDriver().Device };
        using OwnedMiner owned = new(SimulatedDriver.NewBackend(driver));
        foreach (MiningCase source in MiningCase.Sample(12, seed: 900 + (10 * (int)format) + (int)metric).Where(each => each.Rows is not (RowKind.Huge or RowKind.MixedScale)))
        {
            NarrowCase each = new(source, format);
            Oracle oracle = new(each.Wide, metric);
            foreach (MiningOptions rule in Rules)
            {
                MiningOptions options = rule with { Metric = metric, NegativeOnlyLabel = each.Wide.NegativeOnlyLabel };
                Agreement.Check(oracle, oracle.Mine(options), each.Mine(owned.Miner, options, out _), $"{source}; {format}, {options}", options.Margin);
            }
        }

        Assert.Contains(format == RowFormat.Binary16 ? "widen_float16" : "widen_bfloat16", driver.Launched);
    }

    [Theory]
    [InlineData(RowFormat.Binary16)]
    [InlineData(RowFormat.BFloat16)]
    public void Mine_NarrowRows_TravelInTwoBytesAComponent(RowFormat format)
    {
        SimulatedDriver driver = new();
        using OwnedMiner owned = new(SimulatedDriver.NewBackend(driver));
        NarrowCase each = new(MiningCase.Square(RowKind.UnitSphere, LabelKind.Large, 150, 11, seed: 1), format);

        int anchors = each.Mine(owned.Miner, Rules[0], out _).Length;

        Assert.Equal(150, anchors);
        Assert.Equal((150 * 11 * sizeof(ushort)) + ((150 + (3 * anchors)) * sizeof(int)), driver.BytesToDevice);
    }

    [Fact]
    public void Mine_NarrowRowsInPageLockedMemory_TravelFromWhereTheyLie()
    {
        SimulatedDriver driver = new();
        using CudaBackend backend = SimulatedDriver.NewBackend(driver);
        using TripletMiner miner = new(backend);
        using PinnedBuffer<Half> rows = new(60 * 5, backend.Memory.Host);
        for (int i = 0; i < rows.Length; i++)
            rows.Span[i] = (Half)MathF.Sin(i);
        long[] labels = [.. Enumerable.Range(0, 60).Select(row => (long)row % 7)];

        miner.Mine(MiningInput.Batch(rows.AsMatrix(60, 5), labels), Rules[0], new Triplet[60], out _, TestContext.Current.CancellationToken);

        Assert.Contains(rows.DangerousGetAddress(), driver.CopiedFrom);
    }
}
