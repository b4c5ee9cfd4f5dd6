using System.Diagnostics;
using Tercet.Load.Checks;
using Tercet.Load.Rates;
using Tercet.Load.Soak;
using Tercet.Load.Targets;

namespace Tercet.Server.Tests;

/// <summary>The load generator itself: what it claims to see, it sees.</summary>
public sealed class LoadTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task OpenLoop_TargetThatHoldsAll_SendsOnAndCountsFromWhenRequestsWereDue()
    {
        const int Held = 20;
        int came = 0;
        TaskCompletionSource opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using FakeTarget target = new(async (_, _) =>
        {
            if (Interlocked.Increment(ref came) == Held)
                opened.SetResult();
            await opened.Task;
            return Outcome.Answered;
        });
        LevelRun run = await OpenLoop.Run(target, Arrivals.Fixed(200, 0.2), Patience);
        Assert.Equal(40, run.Count(Outcome.Answered));
        for (int i = 0; i < Held; i++)
        {
            Assert.True(run.Sent[i] >= run.Due[i]);
            Assert.True(run.Ended[i] - run.Due[i] >= run.Due[Held - 1] - run.Due[i], $"request {i} hides the time that it was held");
        }

        Assert.True(run.Latencies(Outcome.Answered).Percentile(99) >= (run.Due[Held - 1] - run.Due[0]) * 0.99e3 / Stopwatch.Frequency);
    }

    [Fact]
    public async Task OpenLoop_EveryEnd_IsCountedAndWhatIsLostToo()
    {
        await using FakeTarget target = new(async (input, _) =>
        {
            if (input == 4)
                await Task.Delay(Timeout.Infinite);
            return input % 3 == 0 ? Outcome.Refused : input == 5 ? throw new InvalidOperationException("a defect") : Outcome.Answered;
        });
        LevelRun run = await OpenLoop.Run(target, Arrivals.Fixed(1000, 0.009), TimeSpan.FromSeconds(1));
        Assert.Equal((3, 4, 1, 1), (run.Count(Outcome.Refused), run.Count(Outcome.Answered), run.Count(Outcome.Failed), run.Count(Outcome.None)));
    }

    [Theory]
    [InlineData("right", true)]
    [InlineData("another's", false)]
    [InlineData("written later", false)]
    [InlineData("lost", false)]
    public async Task AnswerCheck_WhatATargetDoes_IsSeen(string what, bool isGood)
    {
        float[][] expected = [.. Enumerable.Range(0, 8).Select(i => (float[])[i, -i])];
        int asked = 0;
        await using FakeTarget target = new(async (input, embedding) =>
        {
            bool isOne = Interlocked.Increment(ref asked) == 50;
            if (isOne && what == "lost")
                return Outcome.None;
            await Task.Yield();
            expected[isOne && what == "another's" ? (input + 1) % 8 : input].CopyTo(embedding);
            if (isOne && what == "written later")
                _ = Task.Delay(100).ContinueWith(_ => expected[input].CopyTo(embedding), TaskScheduler.Default);
            return Outcome.Answered;
        });
        CheckResult result = await AnswerCheck.Run("fake", target, expected, 2000, 200, 0, _ => { });
        Assert.Equal(isGood, result.IsGood);
        Assert.Equal(what is "right" or "written later" ? 200 : 199, result.Right);
    }

    [Fact]
    public void Poisson_ManyArrivals_HaveTheRateAndItsSpread()
    {
        long[] due = Arrivals.Poisson(1000, 100, 1);
        double[] gaps = [.. due.Zip(due.Skip(1), (one, next) => (double)(next - one) / Stopwatch.Frequency)];
        double mean = gaps.Average();
        Assert.Equal(1e-3, mean, 2e-5);
        Assert.Equal(mean, Math.Sqrt(gaps.Average(gap => (gap - mean) * (gap - mean))), 2e-5);
    }

    [Theory]
    [InlineData(0, 0, 0, true)]
    [InlineData(20, 0, 0, false)]
    [InlineData(0, 1, 0, false)]
    [InlineData(0, 0, 1, false)]
    public void SoakJudge_Growth_IsFound(int bytesMore, int handlesMore, int threadsMore, bool isKept)
    {
        // The first third may grow as it likes; noise of 3 % is none.
        SoakSample[] samples = [.. Enumerable.Range(0, 600).Select(i => new SoakSample(
            i * 2, (long)((i < 200 ? 100e6 : 150e6) * (1 + (0.03 * Math.Sin(i)))) + (bytesMore * 2000L * i), 5_000_000, 100 + (i % 7) + (handlesMore * i / 30), 20 + (i % 3) + (threadsMore * i / 30)))];
        Assert.Equal(isKept, SoakJudge.Judge(samples).Marks.All(mark => mark.IsKept));
    }

    [Fact]
    public void PrometheusBuckets_BetweenTwoLooks_GivesPercentiles()
    {
        const string Before = "x_seconds_bucket{m=\"a\",le=\"0.1\"} 5\nx_seconds_bucket{m=\"a\",le=\"0.2\"} 5\nx_seconds_bucket{m=\"a\",le=\"+Inf\"} 5\n";
        const string After = "# TYPE x_seconds histogram\nx_seconds_bucket{m=\"a\",le=\"0.1\"} 55\nx_seconds_bucket{m=\"a\",le=\"0.2\"} 100\nx_seconds_bucket{m=\"a\",le=\"+Inf\"} 105\nx_seconds_sum{m=\"a\"} 7\n";
        PrometheusBuckets since = PrometheusBuckets.Parse(After, "x_seconds").Since(PrometheusBuckets.Parse(Before, "x_seconds"));
        Assert.Equal(100, since.Count);
        Assert.Equal(0.05, since.Percentile(25), 1e-12);
        Assert.Equal(0.1, since.Percentile(50), 1e-12);
        Assert.Equal(0.2, since.Percentile(99), 1e-12);
    }

    private sealed class FakeTarget(Func<int, Memory<float>, Task<Outcome>> send) : ITarget, IStageClock
    {
        public int Dimension => 2;

        public long ResidentBytes => 1;

        public IStageClock Stages => this;

        public Task<Outcome> Send(int input, Memory<float> embedding, CancellationToken cancellationToken) => send(input, embedding);

        public Task Restart() => Task.CompletedTask;

        public Task<IReadOnlyList<StageTimes>> Read() => Task.FromResult<IReadOnlyList<StageTimes>>([]);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
