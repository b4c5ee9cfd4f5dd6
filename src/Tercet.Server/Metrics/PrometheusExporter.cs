using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text;

namespace Tercet.Server.Metrics;

/// <summary>Adds up what this server's meters report, and writes it in Prometheus' text format (version 0.0.4).</summary>
internal sealed class PrometheusExporter : IDisposable
{
    private static readonly string[] Shared = ["System.Runtime"];
    private static readonly string[] Own = ["Tercet", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel"];

    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<Instrument, InstrumentSeries> _instruments = new();

    /// <summary>Listens to the meters of a factory: another server in the process has its own.</summary>
    public PrometheusExporter(IMeterFactory factory)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (Shared.Contains(instrument.Meter.Name) || (Own.Contains(instrument.Meter.Name) && ReferenceEquals(instrument.Meter.Scope, factory)))
                listener.EnableMeasurementEvents(instrument, _instruments.GetOrAdd(instrument, static each => new InstrumentSeries(each)));
        };
        _listener.MeasurementsCompleted = (instrument, _) => _instruments.TryRemove(instrument, out InstrumentSeries? _);
        Take<double>(value => value);
        Take<float>(value => value);
        Take<long>(value => value);
        Take<int>(value => value);
        Take<short>(value => value);
        Take<byte>(value => value);
        Take<decimal>(value => (double)value);
        _listener.Start();
    }

    public string Write()
    {
        _listener.RecordObservableInstruments();
        StringBuilder text = new();
        foreach (InstrumentSeries series in _instruments.Values.OrderBy(each => each.Name, StringComparer.Ordinal))
            series.Write(text);
        return text.ToString();
    }

    public void Dispose() => _listener.Dispose();

    private void Take<T>(Func<T, double> convert)
        where T : struct =>
        _listener.SetMeasurementEventCallback<T>((_, value, tags, state) => ((InstrumentSeries)state!).Add(convert(value), tags));
}
