using System.Diagnostics;
using System.Globalization;
using CommunityToolkit.HighPerformance;
using Tercet.Backends.Cuda;
using Tercet.Backends.Cuda.Driver;
using Tercet.Mining;

namespace Tercet.Bench;

/// <summary>
/// <c>gpu [NxD ...]</c>: mines on the card, checks every answer against the CPU (above 8,192 rows those of 512 anchors), and prints a table: times are the device's own, from
/// the first kernel's start to the last one's end, its cache emptied before, medians of 7 calls.
/// </summary>
internal static class GpuVerb
{
    private const int Calls = 7;
    private const int CheckedWhole = 8192;
    private const int SampledAnchors = 512;
    private const int LongestSemiHard = 65536;
    private const string Columns = "| N | D | rule | device ms | whole call ms | TFLOP/s of symmetric work | % of the float16 floor | peak device MiB | longest kernel | differs from the CPU |";

    private static readonly string[] Shapes = ["1800x128", "8192x512", "65536x128", "65536x512", "262144x512"];

    // Dense float16 products, as measured on these cards with a bare matrix product.
    private static readonly (string Card, double TeraFlops)[] Rates = [("H200", 790), ("H100", 790), ("A100", 270)];

    public static int Run(ReadOnlySpan<string> arguments)
    {
        int wrong = 0;
        string[] shapes = arguments.IsEmpty ? Shapes : arguments.ToArray();
        for (int i = 0; i < shapes.Length; i++)
        {
            int[] shape = [.. shapes[i].Split('x').Select(part => int.Parse(part, CultureInfo.InvariantCulture))];
            using Batch batch = Batch.Create(shape[0], shape[1]);
            MeasuredDriver driver = new(CudaDrivers.Open(0));
            using CudaBackend backend = new(driver, KernelModule.Of(new CudaOptions()));
            using TripletMiner miner = new(backend);
            if (i == 0)
            {
                Console.WriteLine($"{driver.Device.Name}, compute capability {driver.Device.ComputeMajor}.{driver.Device.ComputeMinor}, driver of CUDA {driver.Device.DriverVersion / 1000}.{driver.Device.DriverVersion % 1000 / 10}, .NET {Environment.Version}");
                Console.WriteLine();
                Console.WriteLine(Columns);
                Console.WriteLine(string.Concat(Columns.Where(c => c == '|').Skip(1).Select(_ => "|---")) + "|");
            }

            foreach (MiningRule rule in (MiningRule[])[MiningRule.BatchHard, MiningRule.SemiHard])
            {
                if (rule == MiningRule.BatchHard || shape[0] <= LongestSemiHard)
                    wrong += Measure(miner, driver, batch, rule);
            }
        }

        return wrong == 0 ? 0 : 1;
    }

    private static int Measure(TripletMiner miner, MeasuredDriver driver, Batch batch, MiningRule rule)
    {
        MiningOptions options = new() { Rule = rule, Statistics = StatisticsLevel.Selected };
        MiningInput input = MiningInput.Batch(batch.Rows.Span, batch.Labels);
        Triplet[] triplets = new Triplet[miner.Capacity(input, options)];
        int count = miner.Mine(input, options, triplets, out _);
        driver.Take();
        double[] device = new double[Calls], whole = new double[Calls];
        (string Kernel, double Milliseconds) longest = default;
        for (int call = 0; call < Calls; call++)
        {
            long start = Stopwatch.GetTimestamp();
            miner.Mine(input, options, triplets, out _);
            whole[call] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            (device[call], IReadOnlyDictionary<string, double> kernels) = driver.Take();
            KeyValuePair<string, double> most = kernels.MaxBy(kernel => kernel.Value);
            longest = (most.Key, most.Value);
        }

        Array.Sort(device);
        Array.Sort(whole);
        int different = Different(batch, options, triplets.AsSpan(0, count), out int compared);
        double flop = (double)batch.Rows.Rows * batch.Rows.Rows * batch.Rows.Columns, median = device[Calls / 2];
        double rate = Rates.FirstOrDefault(entry => driver.Device.Name.Contains(entry.Card, StringComparison.Ordinal)).TeraFlops;
        string floor = rate == 0 ? "–" : $"{100 * flop / (rate * 1e12) / (median * 1e-3):F1}";
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {batch.Rows.Rows} | {batch.Rows.Columns} | {rule} | {median:F3} | {whole[Calls / 2]:F3} | {flop / (median * 1e-3) / 1e12:F1} | {floor} | {driver.PeakBytes >> 20} | {longest.Kernel} {longest.Milliseconds:F3} | {different} of {compared} |"));
        return different;
    }

    // The CPU's answers are the float64 oracle's; its tests show it.
    private static int Different(Batch batch, MiningOptions options, ReadOnlySpan<Triplet> found, out int compared)
    {
        using TripletMiner cpu = new();
        int rows = batch.Rows.Rows;
        if (rows <= CheckedWhole)
        {
            Triplet[] all = new Triplet[found.Length + 1];
            compared = cpu.Mine(MiningInput.Batch(batch.Rows.Span, batch.Labels), options, all, out _);
            return Mismatches(all.AsSpan(0, compared), found);
        }

        int[] anchors = [.. Enumerable.Range(0, SampledAnchors).Select(i => (int)((long)i * rows / SampledAnchors))];
        float[,] sample = new float[SampledAnchors, batch.Rows.Columns];
        for (int i = 0; i < SampledAnchors; i++)
            batch.Rows.Span.GetRowSpan(anchors[i]).CopyTo(sample.AsSpan2D().GetRowSpan(i));
        MiningInput input = MiningInput.AgainstGallery(sample.AsSpan2D(), Array.ConvertAll(anchors, row => batch.Labels[row]), batch.Rows.Span, batch.Labels, anchors);
        Triplet[] expected = new Triplet[cpu.Capacity(input, options)];
        compared = cpu.Mine(input, options, expected, out _);
        HashSet<int> sampled = [.. anchors];
        List<Triplet> ofTheSample = [];
        foreach (Triplet triplet in found)
        {
            if (sampled.Contains(triplet.Anchor))
                ofTheSample.Add(triplet);
        }

        Triplet[] byRow = Array.ConvertAll(expected[..compared], triplet => triplet with { Anchor = anchors[triplet.Anchor] });
        return Mismatches(byRow, ofTheSample.ToArray());
    }

    private static int Mismatches(ReadOnlySpan<Triplet> expected, ReadOnlySpan<Triplet> found)
    {
        int different = Math.Abs(expected.Length - found.Length);
        for (int i = 0; i < Math.Min(expected.Length, found.Length); i++)
            different += (expected[i].Anchor, expected[i].Positive, expected[i].Negative) == (found[i].Anchor, found[i].Positive, found[i].Negative) ? 0 : 1;
        return different;
    }
}
