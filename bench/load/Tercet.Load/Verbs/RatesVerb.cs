using System.CommandLine;
using Tercet.Cli.Options;
using Tercet.Load.Rates;
using Tercet.Load.Targets;

namespace Tercet.Load.Verbs;

/// <summary><c>rates</c>: multiples of the measured capacity, from arrivals that wait for nothing.</summary>
internal sealed class RatesVerb : LoadVerb
{
    private readonly Option<bool> _overHttp = OptionOf.Flag("--http", "Ask a server in a process of its own, instead of the micro-batcher in this one.");
    private readonly Option<bool> _poisson = OptionOf.Flag("--poisson", "Arrivals are a Poisson process. Default: a fixed rate.");
    private readonly Option<double[]> _factors = OptionOf.Numbers("--factors", "Multiples of the capacity. Default 0.5,0.8,1,2,10.", 0.01, 1000);
    private readonly Option<double?> _seconds = OptionOf.Number("--seconds", "Length of each level. Default 10.", 1, 3600);
    private readonly Option<int?> _rounds = OptionOf.Count("--rounds", "How often levels up to 0.8 are run, in turn; the median of their 99th percentiles counts. Default 1.", 1, 1000);
    private readonly Option<int?> _callers = OptionOf.Count("--callers", "Callers at the same time while the capacity is measured. Default: four for each processor.", 1, 4096);

    public RatesVerb()
        : base("rates", "Measures the capacity, then sends 0.5, 0.8, 1, 2 and 10 times as much, whatever becomes of it. Latency counts from when a request was due.")
    {
        foreach (Option option in (Option[])[_overHttp, _poisson, _factors, _seconds, _rounds, _callers])
            Add(option);
    }

    public override async Task<int> Execute(ParseResult parse)
    {
        bool isServer = parse.GetValue(_overHttp);
        RatesPlan plan = new(
            parse.GetValue(_factors) is { Length: > 0 } factors ? factors : [0.5, 0.8, 1, 2, 10], parse.GetValue(_poisson), parse.GetValue(_seconds) ?? 10,
            parse.GetValue(_rounds) ?? 1, parse.GetValue(_callers) ?? (4 * Environment.ProcessorCount), ServiceOptions(parse).Deadline, Seed: 1);
        await using ITarget target = await Open(parse, isServer, samples: 64);
        string name = $"{Path.GetFileNameWithoutExtension(ServiceOptions(parse).ModelPath)}, {(HasImages(parse) ? "images" : "samples")}, {(isServer ? "over HTTP" : "in process")}";
        RatesResult result = await new RatesRun(name, target, plan, Say).Run();
        Write(parse, result, Table);
        return result.Levels.Sum(level => level.Lost + level.Failed) == 0 ? 0 : 1;
    }

    private static string Table(RatesResult result)
    {
        MarkdownTable levels = new(
            "load", "offered /s", "sent", "answered", "refused", "failed, lost", "p50", "p99", "p99.9", "refused p50", "p99", "sent late p99", "queue p50", "p99", "decode p50", "p99", "batch wait p50", "p99", "inference p50", "p99", "memory before, most");
        foreach (LevelFigures level in result.Levels)
        {
            levels.Add([[
                level.Name, level.Offered, level.Sent, level.Answered, level.Refused, level.Failed + level.Lost, level.P50, level.P99, level.P999, level.RefusedP50, level.RefusedP99, level.LatenessP99,
                .. StageTimes.Instruments.SelectMany(each => level.Stages.FirstOrDefault(stage => stage.Stage == each.Stage) is { } stage ? (object[])[stage.P50, stage.P99] : ["", ""]),
                FormattableString.Invariant($"{level.MebibytesBefore:0}, {level.MebibytesMost:0}"),
            ]]);
        }

        return FormattableString.Invariant($"""
            ### {result.Target}, {(result.Arrivals == "fixed" ? "arrivals at a fixed rate" : "Poisson arrivals")}

            One request at a time: p50 {result.SingleP50:0.###} ms, p99 {result.SingleP99:0.###} ms. Capacity {result.Capacity:0.#} a second. Deadline {result.DeadlineMs:0} ms. Times in ms, memory in MiB.

            {levels}
            {Table(result.Marks)}
            """);
    }
}
