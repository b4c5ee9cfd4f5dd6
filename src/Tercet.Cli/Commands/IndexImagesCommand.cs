using System.CommandLine;
using Tercet.Cli.Input;
using Tercet.Cli.Options;
using Tercet.Cli.Output;
using Tercet.Galleries;
using Tercet.Galleries.Indexing;
using Tercet.Search;

namespace Tercet.Cli.Commands;

/// <summary><c>tercet index build</c>, <c>add</c> and <c>update</c>: image files to rows of a gallery.</summary>
internal sealed class IndexImagesCommand : Verb
{
    private readonly Argument<string[]> _images = new("IMAGES")
    {
        Description = "Image files, folders (searched to the bottom for .jpg, .jpeg, .png and .webp), or patterns with * and **. Ids follow the ordinal order of the paths.",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<string> _gallery = GalleryOption.Create();
    private readonly Option<string> _labels = OptionOf.Text("--labels", "The label of an image: folder for the name of its folder, none, or a CSV file of path,label lines. Default folder.", "folder|none|FILE.csv");
    private readonly Option<int?> _commitRows = OptionOf.Count("--commit-every", "Rows after which what was embedded is made durable. Default 1024.", 1, 1 << 20);
    private readonly Option<ImageErrorAction?> _onError = OptionOf.Choice(
        "--on-error", "What to do with a file that is no readable image: leave it out and name it, or fail. Default skip.", "skip|fail", ("skip", ImageErrorAction.Skip), ("fail", ImageErrorAction.Fail));

    private readonly Option<SearchMetric?> _metric = GalleryOption.Metric();
    private readonly Option<bool> _normalize = OptionOf.Flag("--normalize", "Scale every row to unit length; fixed when the gallery is made.");
    private readonly Option<bool> _half = OptionOf.Flag("--float16", "Store float16: half the size, rounded to 11 bits; fixed when the gallery is made.");
    private readonly ModelArguments _model;
    private readonly (bool CreatesGallery, bool AddsNew, bool ReplacesChanged) _does;

    public IndexImagesCommand(string name, string description, bool createsGallery, bool addsNew, bool replacesChanged)
        : base(name, description)
    {
        _does = (createsGallery, addsNew, replacesChanged);
        Add(_images);
        Add(_gallery);
        _model = new ModelArguments(this, isRequired: true);
        foreach (Option option in (Option[])[_labels, _commitRows, _onError, Json])
            Add(option);
        if (!createsGallery)
            return;
        foreach (Option option in (Option[])[_metric, _normalize, _half])
            Add(option);
    }

    public override void Execute(ParseResult parse, Terminal terminal, CancellationToken cancellationToken)
    {
        string folder = parse.GetRequiredValue(_gallery);
        ImageFiles files = ImageFiles.Find(parse.GetRequiredValue(_images));
        if (files.Ignored > 0)
            Terminal.Note($"{files.Ignored} files in the folders do not end like images and were not read");
        ImageLabels labels = ImageLabels.Read(parse.GetValue(_labels) ?? "folder");
        using ImageIndexer indexer = new(_model.PathOf(parse), _model.ForMany(parse));
        using Gallery gallery = Open(parse, folder, indexer);
        using GalleryWriter writer = gallery.OpenWriter();
        GallerySchema own = gallery.Schema;
        writer.Require(GallerySchema.For(indexer.Model, _does.CreatesGallery ? parse.GetValue(_metric) ?? own.Metric : own.Metric, own.Normalized || (_does.CreatesGallery && parse.GetValue(_normalize)), _does.CreatesGallery && parse.GetValue(_half) ? GalleryElement.Float16 : own.Element));
        IndexResult result = terminal.WithProgress("indexing", report => indexer.Run(
            writer,
            files.Paths,
            new IndexOptions
            {
                LabelOf = labels.Of,
                AddNew = _does.AddsNew,
                ReplaceChanged = _does.ReplacesChanged,
                StopAtFailure = parse.GetValue(_onError) == ImageErrorAction.Fail,
                CommitRows = parse.GetValue(_commitRows) ?? 1024,
                DecodeThreads = parse.GetValue(_model.Threads) ?? 0,
                Progress = new IndexProgressLine(report),
            },
            cancellationToken));
        foreach (SkippedImage skipped in result.Skipped)
            Terminal.Note($"skipped {skipped.Message}");
        Report(terminal, writer, result);
    }

    private Gallery Open(ParseResult parse, string folder, ImageIndexer indexer)
    {
        if (!_does.CreatesGallery || Directory.Exists(folder) && File.Exists(Path.Combine(folder, "manifest")))
            return Gallery.Open(folder);
        GalleryElement element = parse.GetValue(_half) ? GalleryElement.Float16 : GalleryElement.Float32;
        return Gallery.Create(folder, GallerySchema.For(indexer.Model, parse.GetValue(_metric) ?? SearchMetric.SquaredEuclidean, parse.GetValue(_normalize), element));
    }

    private static void Report(Terminal terminal, GalleryWriter writer, IndexResult result)
    {
        using GallerySnapshot snapshot = writer.Snapshot();
        IndexProgress progress = result.Progress;
        IndexImagesJson answer = new()
        {
            Gallery = writer.Folder,
            Rows = snapshot.Count,
            Generation = result.Generation,
            Added = result.Added,
            Replaced = result.Replaced,
            Unchanged = progress.Unchanged,
            Skipped = [.. result.Skipped.Select(image => new SkippedImageJson(image.Path, image.Message[(image.Path.Length + 2)..]))],
            ImagesPerSecond = progress.Rate,
            Seconds = progress.Elapsed.TotalSeconds,
        };
        if (terminal.IsJson)
        {
            Terminal.WriteJson(answer, JsonTypes.Default.IndexImagesJson);
            return;
        }

        FactTable table = new();
        table.Add("gallery", $"{answer.Gallery}: {answer.Rows:N0} rows, commit {answer.Generation}");
        table.Add("images", $"{answer.Added:N0} added, {answer.Replaced:N0} replaced, {answer.Unchanged:N0} as they were, {answer.Skipped.Count:N0} skipped");
        table.Add("speed", $"{answer.ImagesPerSecond:F1} images a second, {answer.Seconds:F1} s");
        table.Write(terminal.Out);
    }
}
