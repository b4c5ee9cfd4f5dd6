using System.Diagnostics;
using System.Diagnostics.Metrics;
using Tercet.Extensions.Batching;
using Tercet.Forward;

namespace Tercet.Extensions.Telemetry;

/// <summary>What one model's service reports. OpenTelemetry's names where there are some, and <c>tercet.</c> before the rest.</summary>
internal sealed class EmbedderTelemetry : IDisposable
{
    private static readonly int[] BatchBuckets = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096];

    private readonly Meter _meter;
    private readonly bool _ownsMeter;
    private readonly KeyValuePair<string, object?> _model;
    private readonly Histogram<double> _operation;
    private readonly Histogram<double> _queue;
    private readonly Histogram<double> _fill;
    private readonly Histogram<double> _batchWait;
    private readonly Histogram<double> _forward;
    private readonly Histogram<int> _batchSize;
    private readonly Counter<long> _rejections;
    private readonly Counter<long> _fallbacks;

    public EmbedderTelemetry(string modelName, IMeterFactory? factory)
    {
        _model = new("gen_ai.request.model", modelName);
        _ownsMeter = factory is null;
        _meter = factory?.Create(TercetInstruments.Name) ?? new Meter(TercetInstruments.Name);
        _operation = TercetInstruments.CreateDuration(_meter, "gen_ai.client.operation.duration", "Time of a request from its arrival to its answer.");
        _queue = TercetInstruments.CreateDuration(_meter, "tercet.queue.duration", "Time that a request waited for a place in a batch.");
        _fill = TercetInstruments.CreateDuration(_meter, "tercet.decode.duration", "Time to decode and prepare a request's input in its place.");
        _batchWait = TercetInstruments.CreateDuration(_meter, "tercet.batch.wait.duration", "Time that a prepared request waited for the rest of its batch.");
        _forward = TercetInstruments.CreateDuration(_meter, "tercet.forward.duration", "Time of one batch in the model.");
        _batchSize = _meter.CreateHistogram("tercet.batch.size", "{request}", "Requests of one batch.", tags: null, new InstrumentAdvice<int> { HistogramBucketBoundaries = BatchBuckets });
        _rejections = _meter.CreateCounter<long>("tercet.rejections", "{request}", "Requests that were refused.");
        _fallbacks = _meter.CreateCounter<long>("tercet.fallbacks", "{fallback}", "Times that another device than the wanted one was taken.");
    }

    /// <summary>Observes what the service holds.</summary>
    /// <param name="waiting">Requests that wait.</param>
    /// <param name="bytes">Bytes of the pinned buffers.</param>
    /// <param name="isPageLocked">Whether those are page-locked for a device.</param>
    public void Observe(Func<int> waiting, Func<long> bytes, bool isPageLocked)
    {
        KeyValuePair<string, object?> kind = new("tercet.memory.kind", isPageLocked ? "page_locked" : "aligned");
        _meter.CreateObservableGauge("tercet.queue.length", () => new Measurement<int>(waiting(), _model), "{request}", "Requests that wait for a place in a batch.");
        _meter.CreateObservableGauge("tercet.memory.pinned", () => new Measurement<long>(bytes(), _model, kind), "By", "Bytes of the pinned input and output buffers.");
        _meter.CreateObservableGauge("tercet.memory.page_locked", () => new Measurement<long>(isPageLocked ? bytes() : 0, _model), "By", "Those of them that are page-locked for a device.");
    }

    /// <summary>The model runs on another device than it might.</summary>
    public void Fallback(ModelInfo info)
    {
        if (info.DeviceNote is not null)
            _fallbacks.Add(1, _model, new("tercet.device", info.Provider));
    }

    /// <summary>A batch has been run.</summary>
    public void Batch(int count, long start, long end)
    {
        _batchSize.Record(count, _model);
        _forward.Record(Seconds(start, end), _model);
    }

    /// <summary>A request is about to be answered with its embedding.</summary>
    public void Done(EmbedRequest request, long start, long end)
    {
        _queue.Record(Seconds(request.Arrived, request.Granted), _model);
        _fill.Record(Seconds(request.Granted, request.Filled), _model);
        _batchWait.Record(Seconds(request.Filled, start), _model);
        _operation.Record(Seconds(request.Arrived, end), Operation(null));
    }

    /// <summary>A request is about to be answered with a failure.</summary>
    public void Fail(EmbedRequest request, Exception failure) =>
        _operation.Record(Seconds(request.Arrived, Stopwatch.GetTimestamp()), Operation(failure is OperationCanceledException ? "cancelled" : failure.GetType().FullName));

    /// <summary>A request is refused.</summary>
    /// <returns>What to answer it.</returns>
    public TercetOverloadedException Refuse(OverloadReason reason, BatchPlan plan)
    {
        (string tag, string message) = reason switch
        {
            OverloadReason.QueueFull => ("queue_full", $"{plan.Capacity} requests are waiting; no more may. Try again later."),
            OverloadReason.CallerShare => ("caller_share", "This caller has as many requests waiting as there are places left for all. Try again when some are answered."),
            OverloadReason.Deadline => ("deadline", $"A request has to get its place within {plan.Deadline * 1000.0 / Stopwatch.Frequency:0} ms, and there is too much before it. Try again later."),
            _ => ("stopping", "The service is being stopped. Try another one."),
        };
        _rejections.Add(1, _model, new("tercet.rejection.reason", tag));
        return new TercetOverloadedException(reason, message);
    }

    /// <summary>Begins a span of tracing, if anybody listens.</summary>
    public Activity? Start()
    {
        Activity? activity = TercetInstruments.Activities.StartActivity("embeddings", ActivityKind.Internal);
        if (activity is not null)
        {
            activity.DisplayName = $"embeddings {_model.Value}";
            activity.SetTag("gen_ai.operation.name", "embeddings").SetTag("gen_ai.provider.name", "tercet").SetTag(_model.Key, _model.Value);
        }

        return activity;
    }

    public void Dispose()
    {
        if (_ownsMeter)
            _meter.Dispose();
    }

    private TagList Operation(string? error)
    {
        TagList tags = new() { new("gen_ai.operation.name", "embeddings"), new("gen_ai.provider.name", "tercet"), _model };
        if (error is not null)
            tags.Add("error.type", error);
        return tags;
    }

    private static double Seconds(long from, long to) => Math.Max(0, to - from) / (double)Stopwatch.Frequency;
}
