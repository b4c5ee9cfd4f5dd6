namespace Tercet.Load.Soak;

/// <summary>The medians of some samples.</summary>
internal sealed record SoakWindow(double FromSeconds, double ToSeconds, double ResidentMebibytes, double HeapMebibytes, double Handles, double Threads)
{
    private const double Mebibyte = 1 << 20;

    public static SoakWindow Of(IReadOnlyCollection<SoakSample> samples) => new(
        samples.Min(sample => sample.Seconds), samples.Max(sample => sample.Seconds), Median(samples, sample => sample.ResidentBytes) / Mebibyte,
        Median(samples, sample => sample.HeapBytes) / Mebibyte, Median(samples, sample => sample.Handles), Median(samples, sample => sample.Threads));

    private static double Median(IReadOnlyCollection<SoakSample> samples, Func<SoakSample, double> value)
    {
        double[] ordered = [.. samples.Select(value).Order()];
        return (ordered[ordered.Length / 2] + ordered[(ordered.Length - 1) / 2]) / 2;
    }
}
