using Tercet.Evaluation;

namespace Tercet.Tests.Evaluation;

public sealed class ConfidenceIntervalTests
{
    // From the closed form, worked by hand for n = 10.
    [Theory]
    [InlineData(0, 10, 0.95, 0, 0.27753)]
    [InlineData(1, 10, 0.95, 0.01787, 0.40415)]
    [InlineData(5, 10, 0.95, 0.23659, 0.76341)]
    [InlineData(10, 10, 0.95, 0.72247, 1)]
    [InlineData(5, 10, 0.5, 0.39570, 0.60430)]
    public void Wilson_KnownCounts_GivesThePublishedInterval(long hits, long trials, double confidence, double low, double high)
    {
        ConfidenceInterval interval = ConfidenceInterval.Wilson(hits, trials, confidence);

        Assert.Equal(low, interval.Low, 1e-5);
        Assert.Equal(high, interval.High, 1e-5);
    }

    [Theory]
    [InlineData(0.5, 0.6744897501960817)]
    [InlineData(0.95, 1.959963984540054)]
    [InlineData(0.99, 2.5758293035489004)]
    [InlineData(0.999999, 4.891638475699006)]
    public void TwoSided_KnownProbabilities_GivesTheTablesValue(double probability, double z) => Assert.Equal(z, NormalQuantile.TwoSided(probability), 2e-8);

    [Fact]
    public void Wilson_BadNumbers_AreRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => ConfidenceInterval.Wilson(1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => ConfidenceInterval.Wilson(-1, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => ConfidenceInterval.Wilson(3, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => ConfidenceInterval.Wilson(1, 2, double.NaN));
    }
}
