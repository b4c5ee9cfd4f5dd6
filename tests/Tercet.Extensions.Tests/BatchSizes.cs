using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Tercet.Extensions.Tests;

/// <summary>Listens to what services report: the sizes of batches, and every instrument that was heard.</summary>
internal sealed class BatchSizes : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentQueue<(string Model, int Size)> _sizes = new();

    public BatchSizes()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "Tercet")
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Hear(instrument, value, tags));
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Hear(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Hear(instrument, value, tags));
        _listener.Start();
    }

    /// <summary>What was heard of each instrument: the last value, and its tags.</summary>
    public ConcurrentDictionary<(string Model, string Instrument), (double Value, Dictionary<string, object?> Tags)> Heard { get; } = new();

    public int[] Of(string model) => [.. _sizes.Where(entry => entry.Model == model).Select(entry => entry.Size)];

    public void Observe() => _listener.RecordObservableInstruments();

    public void Dispose() => _listener.Dispose();

    private void Hear(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        Dictionary<string, object?> all = new(tags.ToArray());
        string model = (string)all["gen_ai.request.model"]!;
        Heard[(model, instrument.Name)] = (value, all);
        if (instrument.Name == "tercet.batch.size")
            _sizes.Enqueue((model, (int)value));
    }
}
