using System.Diagnostics;
using System.Globalization;
using Tercet.Load.Targets;

namespace Tercet.Load.Rates;

/// <summary>Measures a target's capacity, then puts multiples of it on the target.</summary>
internal sealed class RatesRun(string name, ITarget target, RatesPlan plan, Action<string> say)
{
    // Up to here the latency of each request is a mark.
    private const double MostCalm = 0.8;
    private const double AfterStorm = 0.5;
    private const double AfterSeconds = 5;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly List<LevelFigures> _levels = [];
    private readonly List<Mark> _marks = [];
    private double _capacity;
    private double _single;

    public async Task<RatesResult> Run()
    {
        say("warming up");
        await ClosedLoop.Run(target, plan.Callers, 3);
        say("one request at a time");
        LatencyHistogram single = (await ClosedLoop.Run(target, 1, 4)).Latencies;
        _single = single.Percentile(50);
        say($"{_single:0.###} ms; capacity, {plan.Callers} callers");
        _capacity = (await ClosedLoop.Run(target, plan.Callers, 6)).PerSecond;
        say($"{_capacity:0.#} a second");
        double[] calm = [.. plan.Factors.Order().Where(static factor => factor <= MostCalm)];
        for (int round = 0; round < plan.Rounds; round++)
        {
            foreach (double factor in calm)
                await RunLevel(factor);
        }

        foreach (double factor in calm)
            _marks.Add(new Mark($"{NameOf(factor)}: p99 / single-request time{(plan.Rounds > 1 ? $", median of {plan.Rounds.ToString(CultureInfo.InvariantCulture)}" : "")}", MedianP99(NameOf(factor)) / _single, 3));
        foreach (double factor in plan.Factors.Order().Except(calm))
            await RunLevel(factor);
        return new RatesResult(name, plan.IsPoisson ? "poisson" : "fixed", _single, single.Percentile(99), _capacity, plan.Deadline.TotalMilliseconds, _levels, _marks);
    }

    private async Task RunLevel(double factor)
    {
        double offered = _capacity * factor;
        string level = NameOf(factor);
        say($"{level}: {offered:0.#} a second");
        await target.Stages.Restart();
        LevelRun run = await OpenLoop.Run(target, Due(offered, plan.Seconds), Patience);
        LevelRun? after = factor == plan.Storm && factor > 1 ? await OpenLoop.Run(target, Due(_capacity * AfterStorm, AfterSeconds), Patience) : null;
        LevelFigures figures = LevelFigures.Of(level, offered, run, await target.Stages.Read());
        _levels.Add(figures);
        _marks.Add(new Mark($"{level}: requests that were lost or failed", figures.Lost + figures.Failed, 0));
        if (after is not null)
            JudgeStorm(level, figures, after);
    }

    private void JudgeStorm(string level, LevelFigures storm, LevelRun after)
    {
        _marks.Add(new Mark($"{level}: p99 of the accepted / deadline", storm.P99 / plan.Deadline.TotalMilliseconds, 2));
        _marks.Add(new Mark($"{level}: the most memory / memory before", storm.MebibytesMost / storm.MebibytesBefore, 1.05));
        _levels.Add(LevelFigures.Of("after", _capacity * AfterStorm, after, []));
        long second = Stopwatch.Frequency;
        int bad = after.Count(Outcome.Refused, second) + after.Count(Outcome.Failed, second) + after.Count(Outcome.None, second);
        _marks.Add(new Mark("due 1 s after the storm or later: refused, failed or lost", bad, 0));

        // Against the level of the same rate before the storm, or a request alone.
        string before = NameOf(AfterStorm);
        double usual = _levels.Exists(each => each.Name == before) ? MedianP99(before) : _single;
        _marks.Add(new Mark("due 1 s after the storm or later: p99 / p99 at 0.5× before", after.Latencies(Outcome.Answered, second).Percentile(99) / usual, 1.5));
    }

    private static string NameOf(double factor) => factor.ToString(CultureInfo.InvariantCulture) + "×";

    private double MedianP99(string level)
    {
        double[] rounds = [.. _levels.Where(each => each.Name == level).Select(static each => each.P99).Order()];
        return rounds[rounds.Length / 2];
    }

    private long[] Due(double perSecond, double seconds) =>
        plan.IsPoisson ? Arrivals.Poisson(perSecond, seconds, plan.Seed) : Arrivals.Fixed(perSecond, seconds);
}
