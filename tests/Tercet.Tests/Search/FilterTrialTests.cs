using Tercet.Backends.Cpu.Search;

namespace Tercet.Tests.Search;

public sealed class FilterTrialTests
{
    [Fact]
    public void IsDue_CodesLeaveFewRows_StaysDue()
    {
        var trial = new FilterTrial(worthwhile: 8);
        for (int i = 0; i < 100; i++)
        {
            Assert.True(trial.IsDue());
            trial.Report(kept: 32, seen: 256);
        }
    }

    [Fact]
    public void IsDue_CodesLeaveTooMany_WaitsTwiceAsLongEachTime()
    {
        var trial = new FilterTrial(worthwhile: 8);
        Assert.True(trial.IsDue());
        trial.Report(kept: 33, seen: 256);
        int first = Wait(ref trial);
        trial.Report(kept: 256, seen: 256);

        Assert.True(first > 0);
        Assert.Equal(2 * first, Wait(ref trial));
    }

    [Fact]
    public void IsDue_CodesPayAgain_ForgetsTheLongWait()
    {
        var trial = new FilterTrial(worthwhile: 8);
        trial.Report(kept: 256, seen: 256);
        int first = Wait(ref trial);
        trial.Report(kept: 256, seen: 256);
        Wait(ref trial);
        trial.Report(kept: 0, seen: 256);
        Assert.True(trial.IsDue());
        trial.Report(kept: 256, seen: 256);

        Assert.Equal(first, Wait(ref trial));
    }

    private static int Wait(ref FilterTrial trial)
    {
        int count = 0;
        while (!trial.IsDue())
            count++;
        return count;
    }
}
