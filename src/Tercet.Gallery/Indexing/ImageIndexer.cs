using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using System.Security.Cryptography;
using Tercet.Forward;
using Tercet.Imaging;

namespace Tercet.Galleries.Indexing;

/// <summary>
/// Fills a gallery from image files: while one batch runs through the model, the next is read and decoded, and the one before is written. What is in memory is
/// bounded by a few batches, and 16 bytes for each row that the gallery had when the run began.
/// </summary>
/// <remarks>
/// A run that was ended anywhere goes on when it is started again with the same list and length of a batch: batches are the same stretches of the list, and a commit ends with a whole batch,
/// so that the gallery's content comes out as if nothing had happened, to the bit. A file whose SHA-256 its row has is not embedded again.
/// </remarks>
public sealed class ImageIndexer : IDisposable
{
    private const int BatchesUnderWay = 2;

    private readonly OnnxEmbedder[] _embedders;
    private readonly ImagePreprocessor _preprocessor;
    private readonly ImageDecoder _decoder;

    /// <summary>Loads a model.</summary>
    /// <param name="modelPath">An ONNX file.</param>
    /// <param name="options">How to open it; <see cref="EmbedderOptions.MaxBatch"/> is the length of a batch; <see langword="null"/> means <see cref="EmbedderOptions.ForManyImages"/>.</param>
    /// <param name="limits">Which images to refuse; <see langword="null"/> means the defaults.</param>
    /// <exception cref="TercetException">The model cannot be used, or does not say what it expects of an image.</exception>
    public ImageIndexer(string modelPath, EmbedderOptions? options = null, ImageLimits? limits = null)
    {
        _decoder = new ImageDecoder(limits);
        OnnxEmbedder first = OnnxEmbedder.Load(modelPath, options ?? EmbedderOptions.ForManyImages);
        _embedders = [first];
        try
        {
            _preprocessor = first.CreatePreprocessor();
            _embedders = [first, first.CreateSibling()];
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>What the model is and how it runs.</summary>
    public ModelInfo Model => _embedders[0].Info;

    /// <summary>Indexes files.</summary>
    /// <param name="writer">The gallery; its schema must be the model's.</param>
    /// <param name="paths">The files, each once; their rows get ids in this order.</param>
    /// <param name="options">How; <see langword="null"/> means the defaults.</param>
    /// <param name="cancellationToken">Stops the run; what was committed stays.</param>
    /// <exception cref="GalleryException">The gallery cannot be written.</exception>
    /// <exception cref="ImageException">A file is no readable image, and the run is to stop there.</exception>
    /// <exception cref="TercetException">The model failed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public IndexResult Run(GalleryWriter writer, IReadOnlyList<string> paths, IndexOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(paths);
        options ??= new IndexOptions();
        using GallerySnapshot before = writer.Snapshot();
        SourceTable table = new(before);
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using BlockingCollection<OnnxEmbedder> free = new(new ConcurrentQueue<OnnxEmbedder>(_embedders));
        using BlockingCollection<IndexBatch> decoded = new(BatchesUnderWay), embedded = new(BatchesUnderWay);
        Task decode = Stage(decoded, stop, () =>
        {
            for (int first = 0; first < paths.Count; first += _embedders[0].MaxBatch)
                decoded.Add(Decode(paths, first, before, table, options, free, stop.Token), stop.Token);
        });
        Task forward = Stage(embedded, stop, () =>
        {
            foreach (IndexBatch batch in decoded.GetConsumingEnumerable(stop.Token))
                embedded.Add(Forward(batch, free), stop.Token);
        });
        try
        {
            IndexWrite write = new(writer, paths, options, _embedders[0].Dimension);
            foreach (IndexBatch batch in embedded.GetConsumingEnumerable(stop.Token))
                write.Take(batch);
            Task.WaitAll([decode, forward], CancellationToken.None);
            return write.Finish();
        }
        catch (Exception failure)
        {
            stop.Cancel();
            Exception? first = Settle(decode, forward);
            if (failure is OperationCanceledException or AggregateException && !cancellationToken.IsCancellationRequested && first is not null)
                ExceptionDispatchInfo.Throw(first);
            cancellationToken.ThrowIfCancellationRequested();
            throw;
        }
    }

    /// <summary>Embeds one image.</summary>
    /// <param name="path">The file.</param>
    /// <param name="embedding">Receives <c>[D]</c>, as the model gives it.</param>
    /// <exception cref="ImageException">It is no readable image.</exception>
    public void Embed(string path, Span<float> embedding)
    {
        using DecodedImage image = _decoder.Decode(path);
        _preprocessor.Write(image, _embedders[0].InputSlot(0));
        _embedders[0].Run(1).GetRowSpan(0).CopyTo(embedding);
    }

    /// <summary>Frees the model.</summary>
    public void Dispose()
    {
        foreach (OnnxEmbedder embedder in _embedders)
            embedder.Dispose();
    }

    // What a stage fails of ends the others.
    private static Task Stage(BlockingCollection<IndexBatch> results, CancellationTokenSource stop, Action work) => Task.Factory.StartNew(
        () =>
        {
            try
            {
                work();
                results.CompleteAdding();
            }
            catch
            {
                stop.Cancel();
                throw;
            }
        },
        CancellationToken.None,
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default);

    private static Exception? Settle(params ReadOnlySpan<Task> stages)
    {
        Exception? first = null;
        foreach (Task stage in stages)
        {
            try
            {
                stage.Wait();
            }
            catch (AggregateException many)
            {
                Exception cause = many.Flatten().InnerExceptions[0];
                first = first is null or OperationCanceledException ? cause : first;
            }
        }

        return first is OperationCanceledException ? null : first;
    }

    private IndexBatch Decode(
        IReadOnlyList<string> paths, int first, GallerySnapshot before, SourceTable table, IndexOptions options, BlockingCollection<OnnxEmbedder> free, CancellationToken cancellationToken)
    {
        IndexBatch batch = new(first, Math.Min(_embedders[0].MaxBatch, paths.Count - first));
        ParallelOptions threads = new()
        {
            MaxDegreeOfParallelism = options.DecodeThreads == 0 ? Environment.ProcessorCount : options.DecodeThreads,
            CancellationToken = cancellationToken,
        };
        Parallel.For(0, batch.Count, threads, i => batch.Items[i] = Read(paths[first + i], before, table, options));
        foreach (IndexItem item in batch.Items)
            item.Slot = item.Content is null && item.Failure is null ? -1 : batch.Wanted++;
        if (batch.Wanted == 0)
            return batch;
        batch.Embedder = free.Take(cancellationToken);
        Parallel.For(0, batch.Count, threads, i => Decode(paths[first + i], batch.Items[i], batch.Embedder));
        return batch;
    }

    private static IndexItem Read(string path, GallerySnapshot before, SourceTable table, IndexOptions options)
    {
        try
        {
            bool isKnown = table.TryFind(before, path, out GalleryRow row);
            if (isKnown ? !options.ReplaceChanged : !options.AddNew)
                return new IndexItem();
            byte[] content = File.ReadAllBytes(path);
            byte[] digest = SHA256.HashData(content);
            if (isKnown && row.Digest.SequenceEqual(digest))
                return new IndexItem();
            return new IndexItem { Content = content, Digest = digest, Time = File.GetLastWriteTimeUtc(path), Id = isKnown ? row.Id : -1 };
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return new IndexItem { Failure = new ImageException(path, ImageErrorReason.Unreadable, $"cannot be read: {failure.Message}", failure) };
        }
    }

    private void Decode(string path, IndexItem item, OnnxEmbedder embedder)
    {
        if (item.Slot < 0)
            return;
        Span<float> slot = embedder.InputSlot(item.Slot);
        try
        {
            if (item.Failure is null)
            {
                using DecodedImage image = _decoder.Decode(item.Content, path);
                _preprocessor.Write(image, slot);
            }
        }
        catch (ImageException failure)
        {
            item.Failure = failure;
        }

        if (item.Failure is not null)
            slot.Clear();
        item.Content = null;
    }

    private static IndexBatch Forward(IndexBatch batch, BlockingCollection<OnnxEmbedder> free)
    {
        if (batch.Embedder is not { } embedder)
            return batch;
        batch.Rows = new float[batch.Wanted * embedder.Dimension];
        embedder.Run(batch.Wanted).CopyTo(batch.Rows);
        batch.Embedder = null;
        free.Add(embedder);
        return batch;
    }
}
