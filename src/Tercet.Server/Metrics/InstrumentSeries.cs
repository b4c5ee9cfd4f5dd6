using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Tercet.Server.Metrics;

/// <summary>One instrument: a series for each set of tags.</summary>
internal sealed class InstrumentSeries
{
    // Whoever sends requests must not be able to fill the memory with series.
    private const int MostSeries = 500;
    private static readonly double[] NoBuckets = [];

    private readonly ConcurrentDictionary<string, Series> _series = new(StringComparer.Ordinal);
    private readonly double[] _buckets;
    private readonly string _kind;
    private readonly string _help;
    private readonly bool _isTotal;

    public InstrumentSeries(Instrument instrument)
    {
        Type type = instrument.GetType().GetGenericTypeDefinition();
        _isTotal = type == typeof(ObservableCounter<>) || type == typeof(ObservableUpDownCounter<>) || type == typeof(ObservableGauge<>) || type == typeof(Gauge<>);
        _kind = type == typeof(Histogram<>) ? "histogram" : type == typeof(Counter<>) || type == typeof(ObservableCounter<>) ? "counter" : "gauge";
        _buckets = _kind == "histogram" ? Buckets(instrument) : NoBuckets;
        _help = (instrument.Description ?? instrument.Name).Replace('\n', ' ');
        Name = PrometheusName.Of(instrument.Name, instrument.Unit, _kind == "counter");
    }

    public string Name { get; }

    public void Add(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        string labels = PrometheusName.Labels(tags);
        if (!_series.TryGetValue(labels, out Series? series))
        {
            if (_series.Count >= MostSeries)
                return;
            series = _series.GetOrAdd(labels, _ => new Series(_buckets.Length));
        }

        lock (series)
        {
            series.Sum = _isTotal ? value : series.Sum + value;
            series.Count++;
            if (_buckets.Length == 0)
                return;
            int bucket = Array.BinarySearch(_buckets, value);
            series.Buckets[bucket >= 0 ? bucket : ~bucket]++;
        }
    }

    public void Write(StringBuilder text)
    {
        text.Append("# HELP ").Append(Name).Append(' ').Append(_help).Append('\n').Append("# TYPE ").Append(Name).Append(' ').Append(_kind).Append('\n');
        foreach ((string labels, Series series) in _series.OrderBy(each => each.Key, StringComparer.Ordinal))
        {
            lock (series)
                Write(text, labels, series);
        }
    }

    private void Write(StringBuilder text, string labels, Series series)
    {
        if (_kind != "histogram")
        {
            Line(text, Name, labels, "", series.Sum);
            return;
        }

        long cumulated = 0;
        for (int i = 0; i < _buckets.Length; i++)
        {
            cumulated += series.Buckets[i];
            Line(text, Name + "_bucket", labels, $"le=\"{_buckets[i].ToString("R", CultureInfo.InvariantCulture)}\"", cumulated);
        }

        Line(text, Name + "_bucket", labels, "le=\"+Inf\"", series.Count);
        Line(text, Name + "_sum", labels, "", series.Sum);
        Line(text, Name + "_count", labels, "", series.Count);
    }

    private static void Line(StringBuilder text, string name, string labels, string last, double value)
    {
        text.Append(name);
        if (labels.Length + last.Length > 0)
            text.Append('{').Append(labels).Append(labels.Length > 0 && last.Length > 0 ? "," : "").Append(last).Append('}');
        text.Append(' ').Append(value.ToString("R", CultureInfo.InvariantCulture)).Append('\n');
    }

    private static double[] Buckets(Instrument instrument) => instrument switch
    {
        Histogram<double> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds],
        Histogram<int> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds.Select(bound => (double)bound)],
        Histogram<long> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds.Select(bound => (double)bound)],
        _ => [.. Extensions.Telemetry.TercetInstruments.DurationBuckets],
    };

    private sealed class Series(int buckets)
    {
        public double Sum;
        public long Count;
        public readonly long[] Buckets = new long[buckets + 1];
    }
}
