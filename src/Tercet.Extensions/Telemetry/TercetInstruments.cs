using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Tercet.Extensions.Telemetry;

/// <summary>The names under which the service reports: one <see cref="Meter"/> and one <see cref="ActivitySource"/>.</summary>
public static class TercetInstruments
{
    /// <summary>The name of the meter and of the activity source.</summary>
    public const string Name = "Tercet";

    /// <summary>Upper bounds of the buckets of all histograms of time, in seconds: they resolve 0.1 to 10 ms.</summary>
    public static IReadOnlyList<double> DurationBuckets { get; } =
    [
        0.0001, 0.0002, 0.0003, 0.0004, 0.0005, 0.00075, 0.001, 0.0015, 0.002, 0.0025, 0.003, 0.004, 0.005, 0.006, 0.0075, 0.01,
        0.0125, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10,
    ];

    internal static ActivitySource Activities { get; } = new(Name);

    /// <summary>A histogram of times with <see cref="DurationBuckets"/>.</summary>
    /// <param name="meter">The meter.</param>
    /// <param name="name">The instrument's name.</param>
    /// <param name="description">What it measures.</param>
    public static Histogram<double> CreateDuration(Meter meter, string name, string description) =>
        (meter ?? throw new ArgumentNullException(nameof(meter))).CreateHistogram(name, "s", description, tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = DurationBuckets });
}
