using Tercet.Train.Learning;

namespace Tercet.Train.Tests.Learning;

public sealed class CollapseGuardTests
{
    private static readonly TrainingOptions Options = new() { Data = "", Rule = TrainingRule.HardNegative };

    [Fact]
    public void Observe_ThreeInARow_SwitchesOnce()
    {
        CollapseGuard guard = new();

        bool[] switched = [.. new[] { 0.5, 0.05, 0.005, 0.06, 0.05, 0.05, 0.05, 0.05 }.Select((spread, step) => guard.Observe(step, spread, Options))];

        Assert.Equal([false, false, false, false, false, false, true, false], switched);
        Assert.Equal((6, TrainingRule.SemiHard), (guard.SwitchedAt, guard.Rule(Options)));
    }

    [Theory]
    [InlineData((int)TrainingRule.SemiHard, true)]
    [InlineData((int)TrainingRule.BatchAll, true)]
    [InlineData((int)TrainingRule.HardNegative, false)]
    [InlineData((int)TrainingRule.BatchHard, false)]
    public void Observe_OtherRulesOrNoGuard_NeverSwitches(int rule, bool isGuarded)
    {
        CollapseGuard guard = new();
        TrainingOptions options = Options with { Rule = (TrainingRule)rule, Guard = isGuarded };

        Assert.All(Enumerable.Range(0, 10), step => Assert.False(guard.Observe(step, 0, options)));
        Assert.Equal((TrainingRule)rule, guard.Rule(options));
    }
}
