using System.CommandLine;
using System.Diagnostics;
using Tercet.Cli.Options;
using Tercet.Cli.Output;
using Tercet.Galleries;
using Tercet.Galleries.Indexing;
using Tercet.Interchange;
using Tercet.Memory;
using Tercet.Mining;
using Tercet.Search;

namespace Tercet.Cli.Commands;

/// <summary><c>tercet search</c>: the nearest rows of a gallery.</summary>
internal sealed class SearchCommand : Verb
{
    private readonly Option<string> _gallery = GalleryOption.Create();
    private readonly Option<string> _query = OptionOf.Path("--query", "An image (with --model), or a .npy file of queries [Q, D].", required: true);
    private readonly Option<int?> _k = OptionOf.Count("--k", "Neighbours of each query. Default 10.", 1, FlatIndex.LargestK);
    private readonly Option<double?> _threshold = OptionOf.Number("--threshold", "Leave out what is farther than this, in the metric's unit.", double.MinValue);
    private readonly Option<string> _label = OptionOf.Text("--label-filter", "Search only among the rows of this label.", "LABEL");
    private readonly Option<int?> _approximate = OptionOf.Count("--approximate", "Look only into the N nearest k-means cells of each segment that has cells (those of 50,000 rows or more): faster, and may miss rows.", 1);
    private readonly Option<bool> _recall = OptionOf.Flag("--recall", "With --approximate: search exactly as well, and show the share of the exact rows that was found.");
    private readonly ModelArguments _model;

    public SearchCommand()
        : base("search", "Find the nearest rows of a gallery, exactly unless asked otherwise: of equal distances the lowest id.")
    {
        foreach (Option option in (Option[])[_gallery, _query, _k, _threshold, _label, _approximate, _recall])
            Add(option);
        _model = new ModelArguments(this, isRequired: false);
        Add(Json);
    }

    public override void Execute(ParseResult parse, Terminal terminal, CancellationToken cancellationToken)
    {
        string query = parse.GetRequiredValue(_query);
        int? probes = parse.GetValue(_approximate);
        if (probes is null && parse.GetValue(_recall))
            throw new UsageException("--recall goes with --approximate");
        if (probes is not null && parse.GetValue(_label) is not null)
            throw new UsageException("--approximate does not go with --label-filter, which looks at every row of the label");
        using Gallery gallery = Gallery.Open(parse.GetRequiredValue(_gallery), new GalleryOptions { Threads = parse.GetValue(_model.Threads) ?? 0 });
        using GallerySnapshot snapshot = gallery.Snapshot();
        using PinnedMatrix queries = query.EndsWith(".npy", StringComparison.OrdinalIgnoreCase) ? ReadQueries(query, snapshot.Schema) : Embed(parse, query, gallery);
        double threshold = parse.GetValue(_threshold) ?? double.PositiveInfinity;
        string? label = parse.GetValue(_label);
        GalleryNeighbor[] found = new GalleryNeighbor[parse.GetValue(_k) ?? 10];
        List<MatchJson> matches = [];
        RecallCount? recall = parse.GetValue(_recall) ? new RecallCount(snapshot, found.Length) : null;
        double milliseconds = 0;
        for (int row = 0; row < queries.Rows; row++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ReadOnlySpan<float> each = queries.Span.GetRowSpan(row);
            long start = Stopwatch.GetTimestamp();
            int count = probes is { } cells ? snapshot.SearchApproximately(each, cells, found) : label is null ? snapshot.Search(each, found) : snapshot.Search(each, label, found);
            milliseconds += Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            recall?.Add(each, found.AsSpan(0, count));
            foreach (GalleryNeighbor neighbor in found.AsSpan(0, count))
            {
                if (neighbor.Distance <= threshold && snapshot.TryGet(neighbor.Id, out GalleryRow match))
                    matches.Add(new MatchJson(row, neighbor.Id, neighbor.Distance, match.Label, match.Source));
            }
        }

        ApproximationJson? approximation = probes is { } looked ? new(looked, snapshot.Cells, recall?.Recall, recall?.ExactMs) : null;
        SearchJson answer = new(gallery.Folder, snapshot.Generation, GalleryOption.NameOf(snapshot.Schema.Metric), milliseconds, approximation, matches);
        if (terminal.IsJson)
            Terminal.WriteJson(answer, JsonTypes.Default.SearchJson);
        else
            SearchTable.Write(terminal.Out, answer, found.Length, queries.Rows);
    }

    private static PinnedMatrix ReadQueries(string path, GallerySchema schema)
    {
        PinnedMatrix queries = NpyFile.ReadMatrix(path);
        if (queries.Columns != schema.Dimension)
        {
            queries.Dispose();
            throw new InvalidFileException(path, $"{queries.Columns} columns where the gallery has {schema.Dimension}");
        }

        for (int row = 0; row < queries.Rows; row++)
            Scale(queries.Span.GetRowSpan(row), schema);
        return queries;
    }

    private PinnedMatrix Embed(ParseResult parse, string path, Gallery gallery)
    {
        GallerySchema schema = gallery.Schema;
        using ImageIndexer indexer = new(_model.PathOf(parse), _model.ForOne(parse));
        gallery.Require(GallerySchema.For(indexer.Model, schema.Metric, schema.Normalized, schema.Element));
        PinnedMatrix query = new(1, schema.Dimension);
        indexer.Embed(path, query.Span.GetRowSpan(0));
        Scale(query.Span.GetRowSpan(0), schema);
        return query;
    }

    private static void Scale(Span<float> query, GallerySchema schema)
    {
        if (schema.Normalized)
            UnitRows.Normalize(query);
    }
}
