using Tercet.Train.Learning;

namespace Tercet.Train.Tests.Learning;

public sealed class LearningRateTests
{
    private static readonly TrainingOptions Options = new() { Data = "", Steps = 100, LearningRate = 0.5 };

    [Theory]
    [InlineData(0, 0.5)]
    [InlineData(50, 0.25)]
    [InlineData(100, 0)]
    public void At_Cosine_FallsAlongHalfACosine(int step, double rate) => Assert.Equal(rate, LearningRate.At(step, Options), 1e-12);

    [Theory]
    [InlineData(0, 0.5)]
    [InlineData(59, 0.5)]
    [InlineData(60, 0.05)]
    [InlineData(85, 0.005)]
    public void At_Steps_FallsTwice(int step, double rate) => Assert.Equal(rate, LearningRate.At(step, Options with { Schedule = LearningRateSchedule.Steps }), 1e-12);

    [Fact]
    public void At_WarmUp_RisesFirst()
    {
        TrainingOptions options = Options with { Schedule = LearningRateSchedule.Constant, WarmUpSteps = 10 };

        Assert.Equal([0.05, 0.25, 0.5, 0.5], new[] { 0, 4, 9, 10 }.Select(step => LearningRate.At(step, options)));
    }
}
