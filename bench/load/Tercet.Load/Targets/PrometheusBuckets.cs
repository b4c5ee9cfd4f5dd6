using System.Globalization;

namespace Tercet.Load.Targets;

/// <summary>One histogram of a Prometheus text: how many measurements were no larger than each bound.</summary>
internal sealed class PrometheusBuckets
{
    private readonly SortedDictionary<double, double> _upTo = [];

    /// <summary>Reads the histogram of a name, its series added up.</summary>
    public static PrometheusBuckets Parse(string text, string name)
    {
        PrometheusBuckets buckets = new();
        string start = name + "_bucket{";
        foreach (string line in text.Split('\n').Where(line => line.StartsWith(start, StringComparison.Ordinal)))
        {
            string bound = line.Split("le=\"")[1].Split('"')[0];
            double le = bound == "+Inf" ? double.PositiveInfinity : double.Parse(bound, CultureInfo.InvariantCulture);
            double count = double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);
            buckets._upTo[le] = buckets._upTo.GetValueOrDefault(le) + count;
        }

        return buckets;
    }

    /// <summary>What has come since an earlier look.</summary>
    public PrometheusBuckets Since(PrometheusBuckets earlier)
    {
        PrometheusBuckets difference = new();
        foreach ((double le, double count) in _upTo)
            difference._upTo[le] = count - earlier._upTo.GetValueOrDefault(le);
        return difference;
    }

    public long Count => (long)_upTo.GetValueOrDefault(double.PositiveInfinity);

    /// <summary>The value that so many percent do not exceed, taken to lie evenly in its bucket; NaN where there was nothing.</summary>
    public double Percentile(double percent)
    {
        double wanted = percent / 100 * Count;
        (double Bound, double Count) below = (0, 0);
        foreach ((double le, double count) in _upTo)
        {
            if (count >= wanted && count > 0)
                return double.IsInfinity(le) ? below.Bound : below.Bound + ((le - below.Bound) * (wanted - below.Count) / Math.Max(1, count - below.Count));
            below = (le, count);
        }

        return double.NaN;
    }
}
