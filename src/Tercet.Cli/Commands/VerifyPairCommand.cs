using System.CommandLine;
using Tercet.Cli.Input;
using Tercet.Cli.Options;
using Tercet.Cli.Output;
using Tercet.Galleries.Indexing;

namespace Tercet.Cli.Commands;

/// <summary><c>tercet verify-pair</c>: how alike two images are.</summary>
internal sealed class VerifyPairCommand : Verb
{
    private readonly Argument<string> _first = new("A") { Description = "An image." };
    private readonly Argument<string> _second = new("B") { Description = "Another." };
    private readonly Option<double?> _threshold = OptionOf.Number("--threshold", "Cosine similarity from which on both count as the same (SFace's published one is 0.363).", -1, 1);
    private readonly ModelArguments _model;

    public VerifyPairCommand()
        : base("verify-pair", "Say how alike two images are: the cosine of their embeddings, and the squared distance at unit length.")
    {
        Add(_first);
        Add(_second);
        Add(_threshold);
        _model = new ModelArguments(this, isRequired: true);
        Add(Json);
    }

    public override void Execute(ParseResult parse, Terminal terminal, CancellationToken cancellationToken)
    {
        string first = parse.GetRequiredValue(_first);
        string second = parse.GetRequiredValue(_second);
        using ImageIndexer indexer = new(_model.PathOf(parse), _model.ForOne(parse));
        float[] x = new float[indexer.Model.Dimension];
        float[] y = new float[indexer.Model.Dimension];
        indexer.Embed(first, x);
        indexer.Embed(second, y);
        double cosine = PairSimilarity.Cosine(x, y);
        double? threshold = parse.GetValue(_threshold);
        VerifyPairJson answer = new(first, second, 2 - (2 * cosine), cosine, threshold, threshold is { } limit ? cosine >= limit : null);
        if (terminal.IsJson)
        {
            Terminal.WriteJson(answer, JsonTypes.Default.VerifyPairJson);
            return;
        }

        FactTable table = new();
        table.Add("cosine", $"{answer.Cosine:F4}");
        table.Add("squared distance", $"{answer.SquaredDistance:F4}");
        if (answer.IsSame is { } same)
            table.Add("verdict", same ? "the same" : "not the same");
        table.Write(terminal.Out);
    }
}
