using System.Diagnostics;
using System.Diagnostics.Metrics;
using Tercet.Extensions.Batching;
using Tercet.Extensions.Telemetry;
using Tercet.Forward;
using Tercet.Imaging;
using Tercet.Memory;

namespace Tercet.Extensions;

/// <summary>The service that <see cref="ITercetEmbedder"/> describes, over one ONNX model.</summary>
public sealed class TercetEmbedder : ITercetEmbedder, IDisposable
{
    private readonly MicroBatcher _batcher;
    private readonly EmbedderTelemetry _telemetry;
    private readonly ImageReader? _reader;
    private readonly TimeSpan _drainTimeout;
    private int _disposed;

    /// <summary>Loads a model, finds its batch size, and starts its workers.</summary>
    /// <param name="options">The options.</param>
    /// <param name="meters">Who makes meters; <see langword="null"/> for one of its own.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="TercetException">The model cannot be used, or the device cannot be had.</exception>
    public TercetEmbedder(TercetOptions options, IMeterFactory? meters = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ModelName = string.IsNullOrEmpty(options.ModelName) ? Path.GetFileNameWithoutExtension(options.ModelPath) : options.ModelName;
        _drainTimeout = options.DrainTimeout;
        IDeviceMemory? device = options.GetDeviceMemory();
        CountingAllocator memory = new(device?.Host ?? AlignedAllocator.Instance);
        List<OnnxEmbedder> embedders = [OnnxEmbedder.Load(options.ModelPath, ToEmbedder(options, memory))];
        try
        {
            OnnxEmbedder first = embedders[0];
            Model = first.Info;
            if (Model.Preprocessing is not null)
                _reader = new ImageReader(new ImageDecoder(ImageDescription.Limits(options)), first.CreatePreprocessor());
            int workers = WorkersOf(options, Model.Device);
            while (embedders.Count < workers)
                embedders.Add(first.CreateSibling());
            BatchPlan plan = Plan(options, first);
            Parallel.ForEach(embedders, embedder => embedder.Run(plan.Size));
            BatchSize = plan.Size;
            Workers = workers;
            Concurrency = Math.Min(2 * workers * plan.Size, options.QueueCapacity);
            _telemetry = new EmbedderTelemetry(ModelName, meters);
            _batcher = new MicroBatcher(embedders, plan, _telemetry);
            _telemetry.Observe(() => _batcher.Waiting, () => memory.Bytes, device is not null);
            _telemetry.Fallback(Model);
        }
        catch
        {
            foreach (OnnxEmbedder embedder in embedders)
                embedder.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public string ModelName { get; }

    /// <inheritdoc/>
    public ModelInfo Model { get; }

    /// <inheritdoc/>
    public int Dimension => Model.Dimension;

    /// <inheritdoc/>
    public int InputLength => Model.InputLength;

    /// <inheritdoc/>
    public int Concurrency { get; }

    /// <summary>Requests of a full batch.</summary>
    public int BatchSize { get; }

    /// <summary>Batches that can run at the same time.</summary>
    public int Workers { get; }

    /// <summary>Requests that wait for a place in a batch.</summary>
    public int Waiting => _batcher.Waiting;

    /// <summary>Whether new requests are refused because the service is being stopped.</summary>
    public bool IsStopping => _batcher.IsStopping;

    /// <summary>What the last batch failed of; null where it did not.</summary>
    public Exception? LastFailure => _batcher.LastFailure;

    /// <summary>The batcher, for tests.</summary>
    internal MicroBatcher Batcher => _batcher;

    /// <inheritdoc/>
    public void Embed(ReadOnlySpan<float> sample, Span<float> embedding, string? caller = null, CancellationToken cancellationToken = default)
    {
        RequireLengths(sample.Length, embedding.Length);
        Run(new SampleFill(sample), embedding, caller, cancellationToken);
    }

    /// <inheritdoc/>
    public void EmbedImage(ReadOnlySpan<byte> image, Span<float> embedding, string? caller = null, CancellationToken cancellationToken = default)
    {
        RequireLengths(InputLength, embedding.Length);
        Run(new ImageFill(image, RequireReader()), embedding, caller, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask EmbedAsync(ReadOnlyMemory<float> sample, Memory<float> embedding, string? caller = null, CancellationToken cancellationToken = default)
    {
        RequireLengths(sample.Length, embedding.Length);
        return Begin(sample, default, null, embedding, caller, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask EmbedImageAsync(ReadOnlyMemory<byte> image, Memory<float> embedding, string? caller = null, CancellationToken cancellationToken = default)
    {
        RequireLengths(InputLength, embedding.Length);
        return Begin(default, image, RequireReader(), embedding, caller, cancellationToken);
    }

    /// <summary>Refuses new requests and answers the accepted ones, for as long as <see cref="TercetOptions.DrainTimeout"/> says.</summary>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public Task DrainAsync(CancellationToken cancellationToken = default) => _batcher.DrainAsync(_drainTimeout, cancellationToken);

    /// <summary>Refuses what waits, lets running batches end, and frees the model.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        _batcher.Dispose();
        _telemetry.Dispose();
    }

    private void Run<TFill>(TFill fill, Span<float> embedding, string? caller, CancellationToken cancellationToken)
        where TFill : ISlotFill, allows ref struct
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        using Activity? activity = _telemetry.Start();
        EmbedRequest request = _batcher.Rent(caller, isBlocking: true, cancellationToken);
        if (!_batcher.Submit(request))
            request.WaitForTurn();
        if (request.State == RequestState.Filling)
        {
            request.Fill(fill);
            request.WaitForTurn();
        }

        if (request.IsAnsweredWell)
            request.Result.CopyTo(embedding);
        request.GetResult();
    }

    private ValueTask Begin(
        ReadOnlyMemory<float> sample, ReadOnlyMemory<byte> image, ImageReader? reader, Memory<float> embedding, string? caller, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        Activity? activity = _telemetry.Start();
        EmbedRequest request = _batcher.Rent(caller, isBlocking: false, cancellationToken);
        (request.Sample, request.Image, request.Reader, request.Embedding) = (sample, image, reader, embedding);
        ValueTask task = request.Task;
        try
        {
            if (_batcher.Submit(request))
                request.Execute();
        }
        catch (Exception failure)
        {
            activity?.SetStatus(ActivityStatusCode.Error, failure.GetType().Name);
            activity?.Dispose();
            throw;
        }

        return activity is null ? task : Traced(task, activity);
    }

    private static async ValueTask Traced(ValueTask task, Activity activity)
    {
        using (activity)
        {
            try
            {
                await task.ConfigureAwait(false);
            }
            catch (Exception failure)
            {
                activity.SetStatus(ActivityStatusCode.Error, failure.GetType().Name);
                throw;
            }
        }
    }

    private ImageReader RequireReader() => _reader
        ?? throw new TercetException($"{Model.Path}: the model does not say what it expects of an image. Give {nameof(TercetOptions)}.{nameof(TercetOptions.Preprocessing)}, or a file {Path.GetFileName(Model.Path)}.json beside it.");

    private void RequireLengths(int sample, int embedding)
    {
        if (sample != InputLength)
            throw new ArgumentException($"A sample is {InputLength} floats, not {sample}.", nameof(sample));
        if (embedding != Dimension)
            throw new ArgumentException($"An embedding is {Dimension} floats, not {embedding}.", nameof(embedding));
    }

    private static EmbedderOptions ToEmbedder(TercetOptions options, IBufferAllocator allocator) => new()
    {
        Device = options.Device,
        Threads = options.Threads > 0 ? options.Threads : Math.Max(1, Environment.ProcessorCount / WorkersOf(options, options.Device)),
        MaxBatch = options.MaxBatch,
        Preprocessing = ImageDescription.Read(options),
        Pooling = options.Pooling,
        DeviceMemory = options.GetDeviceMemory(),
        Allocator = allocator,
        WarmUp = false,
    };

    private static int WorkersOf(TercetOptions options, DeviceChoice device) => options.Workers switch
    {
        > 0 => options.Workers,
        _ => device == DeviceChoice.Cuda ? 2 : Environment.ProcessorCount,
    };

    private static BatchPlan Plan(TercetOptions options, OnnxEmbedder first)
    {
        long deadline = Ticks(options.Deadline);
        (int size, long ticks) = BatchTrial.Choose(first, options.BatchSize, deadline / 2);
        return new BatchPlan(size, options.QueueCapacity, Ticks(options.MaxBatchWait), deadline, ticks);
    }

    private static long Ticks(TimeSpan time) => (long)(time.TotalSeconds * Stopwatch.Frequency);
}
