using System.CommandLine;
using Tercet.Cli.Options;
using Tercet.Load.Checks;

namespace Tercet.Load.Verbs;

/// <summary><c>overhead</c>: the engine beside the bare ONNX Runtime call.</summary>
internal sealed class OverheadVerb : LoadVerb
{
    private readonly Option<int?> _pairs = OptionOf.Count("--pairs", "Calls of each. Default 1000.", 10);

    public OverheadVerb()
        : base("overhead", "Calls ONNX Runtime directly and through the micro-batcher in turn, with the same sample, and compares the medians.") => Add(_pairs);

    public override async Task<int> Execute(ParseResult parse)
    {
        OverheadResult result = await OverheadRun.Run(ServiceOptions(parse), parse.GetValue(_pairs) ?? 1000);
        Write(parse, result, Table);
        return 0;
    }

    private static string Table(OverheadResult result) => FormattableString.Invariant($"""
        ### {result.Model}: the engine beside the bare ONNX Runtime call

        {result.Pairs:#,0} calls of each in turn, {result.Threads} thread(s) a call, medians.

        {new MarkdownTable("", "ms", "more than bare, %").Add(
            [["bare ONNX Runtime, bound once", result.BareP50, ""], ["Embed", result.EngineP50, result.EnginePercent], ["EmbedAsync, awaited", result.AsyncP50, result.AsyncPercent], ["bare ONNX Runtime on the file as it is", result.PlainP50, result.PlainPercent]])}
        """);
}
