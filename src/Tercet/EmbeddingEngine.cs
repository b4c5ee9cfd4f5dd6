using System.Collections.Immutable;
using System.Runtime.ExceptionServices;
using CommunityToolkit.HighPerformance;
using Tercet.Backends;
using Tercet.Forward;
using Tercet.Imaging;
using Tercet.Mining;

namespace Tercet;

/// <summary>
/// The whole way from image files to mined triplets: decode and align into the model's pinned input, run the model, mine. Holds one embedder and one miner and
/// adds no computation of its own; each part can be used without it.
/// </summary>
/// <remarks><see cref="EmbedImages"/> serves one thread at a time. Mining may run at the same time, from any number of threads.</remarks>
public sealed class EmbeddingEngine : IDisposable
{
    private readonly ImageDecoder _decoder;

    private EmbeddingEngine(OnnxEmbedder embedder, ImageDecoder decoder, TripletMiner miner)
    {
        Embedder = embedder;
        _decoder = decoder;
        Miner = miner;
    }

    /// <summary>The forward pass, for input that is no image.</summary>
    public OnnxEmbedder Embedder { get; }

    /// <summary>The miner, for what <see cref="Mine"/> does not offer: galleries, streams, losses.</summary>
    public TripletMiner Miner { get; }

    /// <summary>What the model is and how it runs.</summary>
    public ModelInfo Model => Embedder.Info;

    /// <summary>Number of floats of one embedding, D.</summary>
    public int Dimension => Embedder.Dimension;

    /// <summary>Loads a model.</summary>
    /// <param name="modelPath">An ONNX file.</param>
    /// <param name="options">How to open it and what it expects of an image; <see langword="null"/> means <see cref="EmbedderOptions.ForManyImages"/>.</param>
    /// <param name="limits">Which images to refuse; <see langword="null"/> means the defaults.</param>
    /// <param name="backend">Where distances are computed; <see langword="null"/> means the CPU. Not disposed by the engine.</param>
    /// <returns>An engine, ready to run.</returns>
    /// <exception cref="ArgumentException">An argument or an option is out of range.</exception>
    /// <exception cref="TercetException">The model or its sidecar file cannot be used, or the device cannot be had.</exception>
    public static EmbeddingEngine Load(string modelPath, EmbedderOptions? options = null, ImageLimits? limits = null, IMiningBackend? backend = null)
    {
        ImageDecoder decoder = new(limits);
        return new EmbeddingEngine(OnnxEmbedder.Load(modelPath, options ?? EmbedderOptions.ForManyImages), decoder, new TripletMiner(backend));
    }

    /// <summary>
    /// Embeds image files. Each is decoded straight into its slot of the pinned input, several at the same time; the model runs once a batch.
    /// </summary>
    /// <param name="paths">The files, N of them.</param>
    /// <param name="embeddings">Receives <c>[N, D]</c>: row i belongs to path i. The row of a skipped image is NaN, so that it cannot be taken for an embedding.</param>
    /// <param name="run">How; <see langword="null"/> means the defaults.</param>
    /// <param name="cancellationToken">Stops the call between images and between batches.</param>
    /// <returns>Which rows hold an embedding, and which images were skipped and why.</returns>
    /// <exception cref="ArgumentException">The embeddings are not <c>[N, D]</c>, a path is empty, there is not one map for each path, or one is not finite.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The number of threads is negative.</exception>
    /// <exception cref="ImageException">An image cannot be used, and <see cref="EmbedRun.OnError"/> says to fail; the first in the list is reported.</exception>
    /// <exception cref="TercetException">The model takes no image or does not say of what size and layout, or ONNX Runtime failed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled. Rows of finished batches have been written.</exception>
    public EmbedResult EmbedImages(IReadOnlyList<string> paths, Span2D<float> embeddings, EmbedRun? run = null, CancellationToken cancellationToken = default)
    {
        run ??= new EmbedRun();
        Check(paths, embeddings, run);
        ImagePreprocessor preprocessor = Embedder.CreatePreprocessor();
        ImmutableArray<int>.Builder rows = ImmutableArray.CreateBuilder<int>(paths.Count);
        ImmutableArray<SkippedImage>.Builder skipped = ImmutableArray.CreateBuilder<SkippedImage>();
        ImageException?[] failures = new ImageException?[Embedder.MaxBatch];

        for (int first = 0; first < paths.Count; first += Embedder.MaxBatch)
        {
            int count = Math.Min(Embedder.MaxBatch, paths.Count - first);
            Decode(paths, first, count, preprocessor, run, failures, cancellationToken);
            if (run.OnError == ImageErrorAction.Fail && Array.Find(failures, failure => failure is not null) is { } firstFailure)
                ExceptionDispatchInfo.Throw(firstFailure);

            ReadOnlySpan2D<float> batch = Embedder.Run(count);
            for (int i = 0; i < count; i++)
            {
                int row = first + i;
                Span<float> embedding = embeddings.GetRowSpan(row);
                if (failures[i] is { } failure)
                {
                    embedding.Fill(float.NaN);
                    skipped.Add(new SkippedImage(row, paths[row], failure.Reason, failure.Message));
                    continue;
                }

                batch.GetRowSpan(i).CopyTo(embedding);
                if (run.Normalize)
                    UnitRows.Normalize(embedding);
                rows.Add(row);
            }

            run.Progress?.Report(first + count);
        }

        return new EmbedResult(rows.ToImmutable(), skipped.ToImmutable());
    }

    /// <inheritdoc cref="TripletMiner.Mine(ReadOnlySpan2D{float}, ReadOnlySpan{long}, MiningOptions, Span{Triplet}, out MiningStatistics, CancellationToken)"/>
    public int Mine(ReadOnlySpan2D<float> embeddings, ReadOnlySpan<long> labels, MiningOptions options, Span<Triplet> triplets, out MiningStatistics statistics, CancellationToken cancellationToken = default) =>
        Miner.Mine(embeddings, labels, options, triplets, out statistics, cancellationToken);

    /// <summary>Frees the model and the working memory. Further calls do nothing.</summary>
    public void Dispose()
    {
        Embedder.Dispose();
        Miner.Dispose();
    }

    private void Check(IReadOnlyList<string> paths, Span2D<float> embeddings, EmbedRun run)
    {
        ArgumentNullException.ThrowIfNull(paths);
        ArgumentOutOfRangeException.ThrowIfNegative(run.DecodeThreads, nameof(EmbedRun.DecodeThreads));
        if (embeddings.Height != paths.Count || (embeddings.Width != Dimension && paths.Count > 0))
            throw new ArgumentException($"The embeddings of {paths.Count} images are [{paths.Count}, {Dimension}], not [{embeddings.Height}, {embeddings.Width}].", nameof(embeddings));
        for (int i = 0; i < paths.Count; i++)
        {
            if (string.IsNullOrWhiteSpace(paths[i]))
                throw new ArgumentException($"Path {i} is empty.", nameof(paths));
        }

        if (run.Maps is null)
            return;
        if (run.Maps.Count != paths.Count)
            throw new ArgumentException($"There are {run.Maps.Count} maps for {paths.Count} images.", nameof(run));
        for (int i = 0; i < paths.Count; i++)
        {
            if (run.Maps[i] is { IsFinite: false } map)
                throw new ArgumentException($"Map {i} is not finite: {map}.", nameof(run));
        }
    }

    private void Decode(
        IReadOnlyList<string> paths, int first, int count, ImagePreprocessor preprocessor, EmbedRun run, ImageException?[] failures, CancellationToken cancellationToken)
    {
        Array.Clear(failures);
        ParallelOptions threads = new()
        {
            MaxDegreeOfParallelism = run.DecodeThreads == 0 ? Environment.ProcessorCount : run.DecodeThreads,
            CancellationToken = cancellationToken,
        };
        try
        {
            // A slot belongs to a path whatever fails beside it: the batch, and with it every bit of an embedding, does not depend on timing.
            Parallel.For(0, count, threads, slot => failures[slot] = DecodeOne(paths[first + slot], run.Maps?[first + slot], preprocessor, Embedder.InputSlot(slot)));
        }
        catch (AggregateException many)
        {
            ExceptionDispatchInfo.Throw(many.InnerExceptions[0]);
        }
    }

    private ImageException? DecodeOne(string path, AffineMap? map, ImagePreprocessor preprocessor, Span<float> slot)
    {
        try
        {
            using DecodedImage image = _decoder.Decode(path);
            if (map is { } own)
                preprocessor.Write(image, own, slot);
            else
                preprocessor.Write(image, slot);
            return null;
        }
        catch (ImageException failure)
        {
            slot.Clear();
            return failure;
        }
    }
}
