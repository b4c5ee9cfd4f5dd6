using System.CommandLine;
using Tercet.Cli.Options;
using Tercet.Forward;
using Tercet.Load.Checks;
using Tercet.Load.Rates;
using Tercet.Load.Targets;

namespace Tercet.Load.Verbs;

/// <summary><c>answers</c>: whether every request gets its own answer, once, or is refused.</summary>
internal sealed class AnswersVerb : LoadVerb
{
    private const int Samples = 512;

    private readonly Option<bool> _overHttp = OptionOf.Flag("--http", "Ask a server in a process of its own, instead of the micro-batcher in this one.");
    private readonly Option<int?> _requests = OptionOf.Count("--requests", "How many. Default 250000.", 1);
    private readonly Option<double?> _factor = OptionOf.Number("--factor", "How many times the capacity is sent. Default 2.", 0.1, 100);
    private readonly Option<double?> _givenUp = OptionOf.Number("--given-up", "Which part is given up at a random moment. Default 0.05.", 0, 1);

    public AnswersVerb()
        : base("answers", "Sends more than can be answered and compares every answer with the library's direct call: none may be wrong, lost, another's, or given twice. Exit code 1 where one is.")
    {
        foreach (Option option in (Option[])[_overHttp, _requests, _factor, _givenUp])
            Add(option);
    }

    public override async Task<int> Execute(ParseResult parse)
    {
        if (HasImages(parse))
            throw new Cli.UsageException("answers are checked on samples, without --images");
        bool isServer = parse.GetValue(_overHttp);
        float[][] expected;
        using (OnnxEmbedder embedder = OnnxEmbedder.Load(ServiceOptions(parse).ModelPath, new EmbedderOptions { Device = DeviceChoice.Cpu, Threads = 1 }))
            expected = Inputs.Random(Samples, embedder.InputLength).Embed(embedder);
        await using ITarget target = await Open(parse, isServer, Samples);
        await ClosedLoop.Run(target, 4 * Environment.ProcessorCount, 2);
        double capacity = (await ClosedLoop.Run(target, 4 * Environment.ProcessorCount, 4)).PerSecond;
        Say(FormattableString.Invariant($"capacity {capacity:0} a second"));
        string name = $"{(isServer ? "over HTTP" : "in process")}, {(ServiceOptions(parse).BatchSize is > 0 and int size ? $"batches of {size}" : "batches as measured")}";
        CheckResult result = await AnswerCheck.Run(name, target, expected, capacity * (parse.GetValue(_factor) ?? 2), parse.GetValue(_requests) ?? 250_000, parse.GetValue(_givenUp) ?? 0.05, Say);
        if (target is ServerTarget server)
            result = result with { Wrong = result.Wrong + (int)server.WrongIds };
        Write(parse, result, Table);
        return result.IsGood ? 0 : 1;
    }

    private static string Table(CheckResult result) => FormattableString.Invariant($"""
        ### Every answer compared: {result.Target}

        {new MarkdownTable("sent", "right", "of them to the bit", "refused", "given up", "wrong", "failed", "lost", "memory written after the end", "seconds").Add(
            [[result.Sent.ToString("#,0", System.Globalization.CultureInfo.InvariantCulture), result.Right, result.RightBits, result.Refused, result.GivenUp, result.Wrong, result.Failed, result.Lost, result.WrittenAfter, result.Seconds]])}
        """);
}
