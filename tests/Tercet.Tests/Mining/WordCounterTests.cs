using Tercet.Backends;
using Tercet.Backends.Cpu.Loss;

namespace Tercet.Tests.Mining;

/// <summary>Counting in 16 bits against a loop over the thresholds.</summary>
public sealed unsafe class WordCounterTests
{
    private const int Guard = -77;

    public static MatrixTheoryData<CpuLanes, int, float> Cases => new([CpuLanes.Bits512, CpuLanes.Bits256], [1, 2, 4, 31, 39, 63], [1e-5f, 0, 0.3f]);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Count_KeysAroundThresholds_IsExactOrDoubtfulAndTalliesTheRow(CpuLanes lanes, int thresholds, float slack)
    {
        SkipUnlessSupported(lanes);
        Random random = new(thresholds);
        int width = lanes == CpuLanes.Bits512 ? 16 : 8;
        foreach (float spread in new[] { 1f, 1e-6f, 0f, 1e30f })
        {
            // Whole panels: of 48 keys, or of 24.
            foreach (int columns in new[] { width, 3 * width, 6 * width, 9 * width, 12 * width, 192 })
                Check(lanes, random, thresholds, slack * MathF.Max(spread, 1e-3f), spread, columns);
        }
    }

    private static void SkipUnlessSupported(CpuLanes lanes) =>
        Assert.SkipUnless(lanes == CpuLanes.Bits512 ? WordCounter.IsSupported : WordCounter256.IsSupported, lanes == CpuLanes.Bits512 ? "needs AVX-512BW and BMI2" : "needs AVX2 and FMA");

    private static bool Count(CpuLanes lanes, float* keys, int columns, in AnchorTerms terms, float* thresholds, float* counts, uint* doubtful, int* tallies) => lanes == CpuLanes.Bits512
        ? WordCounter.Count(keys, columns, terms, thresholds, counts, doubtful, tallies)
        : WordCounter256.Count(keys, columns, terms, thresholds, counts, doubtful, tallies);

    // Far below, far above, on a threshold, and just beside one.
    private static void Check(CpuLanes lanes, Random random, int thresholds, float slack, float spread, int columns)
    {
        int width = lanes == CpuLanes.Bits512 ? 16 : 8;
        short* table = stackalloc short[WordThresholds.TableLength + WordThresholds.Padding];
        float[] limits = [.. Enumerable.Range(0, thresholds).Select(_ => 0.5f + (spread * random.NextSingle())).Order()];
        float smallKey = 0.25f;
        AnchorTerms terms = new() { Count = thresholds, Slack = slack, SmallKey = smallKey, Words = new(table, limits, slack) };
        float[] ended = [.. limits, float.PositiveInfinity];
        float[] keys = new float[columns];
        for (int i = 0; i < columns; i++)
        {
            float threshold = limits[random.Next(thresholds)];
            keys[i] = (i % 8) switch
            {
                0 => float.MaxValue,
                1 => 0,
                2 => threshold,
                3 => MathF.BitIncrement(threshold),
                4 => threshold - (2 * slack),
                5 => -1e-6f,
                _ => 0.5f + (spread * 1.2f * (random.NextSingle() - 0.1f)),
            };
        }

        float[] counts = new float[columns + 1];
        uint[] doubtful = new uint[(columns / width) + 1];
        int[] tallies = new int[Tallies.LengthFor(thresholds) + 1];
        (counts[columns], doubtful[columns / width], tallies[^1]) = (Guard, 12345, Guard);
        bool any;
        fixed (float* k = keys, c = counts, e = ended)
        fixed (uint* d = doubtful)
        fixed (int* t = tallies)
            any = Count(lanes, k, columns, terms, e, c, d, t);

        int[] expectedTallies = new int[thresholds + 1];
        bool expectedAny = false;
        for (int i = 0; i < columns; i++)
        {
            bool isDoubtful = (doubtful[i / width] >> (i % width) & 1) != 0;
            int surely = limits.Count(limit => limit > keys[i] + slack);
            int perhaps = limits.Count(limit => limit > keys[i] - slack);
            expectedAny |= isDoubtful;
            Assert.True(isDoubtful || (surely == counts[i] && perhaps == surely), $"key {keys[i]:g9}: {counts[i]}, between {surely} and {perhaps} of {thresholds}, spread {spread}");
            Assert.InRange(counts[i], perhaps, thresholds);
            Assert.True(isDoubtful || keys[i] > smallKey);
            expectedTallies[(int)counts[i]]++;
        }

        Assert.Equal(expectedAny, any);
        Assert.Equal(expectedTallies.Skip(1), tallies.Skip(1).Take(thresholds));
        Assert.Equal((Guard, 12345u, Guard), ((int)counts[columns], doubtful[columns / width], tallies[^1]));
    }

    // What 16 bits leave open, float32 decides: only keys within the slack of a threshold are in doubt.
    [Theory]
    [InlineData(CpuLanes.Bits512)]
    [InlineData(CpuLanes.Bits256)]
    public void Count_KeysSpreadOverThresholds_DoubtsThoseWithinTheSlack(CpuLanes lanes)
    {
        SkipUnlessSupported(lanes);
        const float Slack = 1e-5f;
        Random random = new(3);
        short* table = stackalloc short[WordThresholds.TableLength + WordThresholds.Padding];
        float[] limits = [.. Enumerable.Range(0, 39).Select(i => 1 + (i / 39f))], ended = [.. limits, float.PositiveInfinity];
        AnchorTerms terms = new() { Count = 39, Slack = Slack, SmallKey = 1e-3f, Words = new(table, limits, Slack) };
        int near = 0, doubts = 0;
        for (int row = 0; row < 200; row++)
        {
            float[] keys = [.. Enumerable.Range(0, 192).Select(_ => 0.9f + (1.2f * random.NextSingle()))], counts = new float[192];
            uint[] doubtful = new uint[24];
            int[] tallies = new int[Tallies.LengthFor(39)];
            fixed (float* k = keys, c = counts, e = ended)
            fixed (uint* d = doubtful)
            fixed (int* t = tallies)
                Count(lanes, k, 192, terms, e, c, d, t);
            near += keys.Count(key => limits.Any(limit => Math.Abs((double)key - limit) <= 1.02 * Slack));
            doubts += doubtful.Sum(word => int.PopCount((int)word));
        }

        Assert.InRange(near, 1, 100);
        Assert.InRange(doubts, 1, near);
    }
}
