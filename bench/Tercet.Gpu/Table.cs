using System.Globalization;
using CommunityToolkit.HighPerformance;
using Tercet.Backends.Cuda;
using Tercet.Backends.Cuda.Driver;
using Tercet.Bench;
using Tercet.Memory;
using Tercet.Mining;
using Tercet.Search;

namespace Tercet.Gpu;

/// <summary>
/// <c>table [NxD ...]</c>: mines on the card by each of the units that multiply there, checks every answer against the CPU (above 8,192 rows those of 512 anchors), and prints a table: times are the device's own, from
/// the first kernel's start to the last one's end, its cache emptied before; whole calls are others, with nothing in between; medians of 7 calls.
/// </summary>
internal static class Table
{
    private const int Calls = 7;
    private const int CheckedWhole = 8192;
    private const int SampledAnchors = 512;
    private const int LongestSemiHard = 65536;
    private const int LargestQueries = 8192;
    private const string Columns = "| N | D | what | by | device ms | whole call ms | TFLOP/s of symmetric work | % of the float16 floor | peak device MiB | longest kernel | differs from the CPU |";

    private static readonly string[] Shapes = ["1800x128", "8192x512", "65536x128", "65536x512", "262144x512"];

    // Dense float16 products, as measured on these cards with a bare matrix product.
    private static readonly (string Card, double TeraFlops)[] Rates = [("H200", 790), ("H100", 790), ("A100", 270)];

    public static int Run(ReadOnlySpan<string> arguments)
    {
        int wrong = 0;
        string[] shapes = arguments.IsEmpty ? Shapes : arguments.ToArray(), units = Check.Units();
        bool hasHeading = false;
        foreach (string each in shapes)
        {
            (int rows, int columns) = Check.Shape(each);
            using Batch batch = Batch.Create(rows, columns);
            foreach (string unit in units)
            {
                Environment.SetEnvironmentVariable(ProductUnits.Variable, unit);
                MeasuredDriver driver = new(CudaDrivers.Open(0));
                using CudaBackend backend = new(driver, KernelModule.Of(new CudaOptions()));
                if (!hasHeading)
                    WriteHeading(driver.Device);
                hasHeading = true;
                wrong += Measure(backend, driver, batch, unit, MiningRule.BatchHard, isNarrow: false);

                // Warp groups have no pass of their own for it.
                if (rows <= LongestSemiHard && unit != "wgmma")
                    wrong += Measure(backend, driver, batch, unit, MiningRule.SemiHard, isNarrow: false);

                // The rest is the same by all units, or of the best one.
                if (unit != units[^1])
                    continue;
                wrong += Measure(backend, driver, batch, unit, MiningRule.BatchHard, isNarrow: true);
                wrong += MeasureNearest(backend, driver, batch, units.Length > 1 ? "mma" : "float32");
            }
        }

        return wrong == 0 ? 0 : 1;
    }

    private static void WriteHeading(CudaDevice device)
    {
        Console.WriteLine($"{device.Name}, compute capability {device.ComputeMajor}.{device.ComputeMinor}, driver of CUDA {device.DriverVersion / 1000}.{device.DriverVersion % 1000 / 10}, .NET {Environment.Version}");
        Console.WriteLine();
        Console.WriteLine(Columns);
        Console.WriteLine(string.Concat(Columns.Where(c => c == '|').Skip(1).Select(_ => "|---")) + "|");
    }

    private static int Measure(CudaBackend backend, MeasuredDriver driver, Batch batch, string unit, MiningRule rule, bool isNarrow)
    {
        using TripletMiner miner = new(backend);
        MiningOptions options = new() { Rule = rule, Statistics = StatisticsLevel.Selected };

        // The float16 rows are mined for what they are, and checked as float32 rows of the same values.
        using PinnedBuffer<Half> halves = new(isNarrow ? batch.Rows.Rows * batch.Rows.Columns : 0);
        using PinnedMatrix values = new(isNarrow ? batch.Rows.Rows : 1, batch.Rows.Columns);
        if (isNarrow)
            Narrow(batch, halves, values);
        Span2D<float> rows = isNarrow ? values.Span : batch.Rows.Span;
        MiningInput input = isNarrow
            ? MiningInput.Batch(halves.AsMatrix(batch.Rows.Rows, batch.Rows.Columns), batch.Labels)
            : MiningInput.Batch(batch.Rows.Span, batch.Labels);
        Triplet[] triplets = new Triplet[miner.Capacity(input, options)];
        int count = miner.Mine(input, options, triplets, out _);
        driver.Take();
        CallTimes times = new(driver, Calls);
        while (times.Next())
            miner.Mine(input, options, triplets, out _);

        int different = Different(rows, batch.Labels, options, triplets.AsSpan(0, count), out int compared);
        Write(driver, batch, isNarrow ? $"{rule}, float16 rows" : $"{rule}", unit, times, (double)batch.Rows.Rows * batch.Rows.Rows * batch.Rows.Columns, different, compared);
        return different;
    }

    private static int MeasureNearest(CudaBackend backend, MeasuredDriver driver, Batch batch, string unit)
    {
        const int K = 10;
        int queries = Math.Min(batch.Rows.Rows, LargestQueries);
        using CudaIndex index = new(backend, batch.Rows.Span);
        Neighbor[] nearest = new Neighbor[queries * K];
        Span2D<Neighbor> table = new(nearest, queries, K);
        ReadOnlySpan2D<float> asked = batch.Rows.Span[..queries, ..];
        index.SearchBatch(asked, K, table);
        driver.Take();
        CallTimes times = new(driver, Calls);
        while (times.Next())
            index.SearchBatch(asked, K, table);

        int compared = Math.Min(queries, SampledAnchors);
        Neighbor[] expected = new Neighbor[compared * K];
        using FlatIndex flat = new(batch.Rows);
        flat.SearchBatch(asked[..compared, ..], K, new Span2D<Neighbor>(expected, compared, K));
        int different = expected.Zip(nearest).Count(pair => pair.First.Row != pair.Second.Row);
        Write(driver, batch, $"{K} nearest of {queries}", unit, times, 2.0 * queries * batch.Rows.Rows * batch.Rows.Columns, different, compared * K);
        return different;
    }

    private static void Narrow(Batch batch, PinnedBuffer<Half> halves, PinnedMatrix values)
    {
        for (int row = 0; row < batch.Rows.Rows; row++)
        {
            Span<Half> target = halves.Span.Slice(row * batch.Rows.Columns, batch.Rows.Columns);
            ReadOnlySpan<float> source = batch.Rows.Span.GetRowSpan(row);
            for (int k = 0; k < target.Length; k++)
                values.Span[row, k] = (float)(target[k] = (Half)source[k]);
        }
    }

    private static void Write(MeasuredDriver driver, Batch batch, string what, string unit, CallTimes times, double flop, int different, int compared)
    {
        double median = times.Device;
        double rate = Rates.FirstOrDefault(entry => driver.Device.Name.Contains(entry.Card, StringComparison.Ordinal)).TeraFlops;
        string floor = rate == 0 ? "–" : $"{100 * flop / (rate * 1e12) / (median * 1e-3):F1}";
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {batch.Rows.Rows} | {batch.Rows.Columns} | {what} | {unit} | {median:F3} | {times.Whole:F3} | {flop / (median * 1e-3) / 1e12:F1} | {floor} | {driver.PeakBytes >> 20} | {times.Longest.Name} {times.Longest.Milliseconds:F3} | {different} of {compared} |"));
    }

    // The CPU's answers are the float64 oracle's; its tests show it.
    private static int Different(ReadOnlySpan2D<float> matrix, long[] labels, MiningOptions options, ReadOnlySpan<Triplet> found, out int compared)
    {
        using TripletMiner cpu = new();
        int rows = matrix.Height;
        if (rows <= CheckedWhole)
        {
            Triplet[] all = new Triplet[found.Length + 1];
            compared = cpu.Mine(MiningInput.Batch(matrix, labels), options, all, out _);
            return Mismatches(all.AsSpan(0, compared), found);
        }

        int[] anchors = [.. Enumerable.Range(0, SampledAnchors).Select(i => (int)((long)i * rows / SampledAnchors))];
        float[,] sample = new float[SampledAnchors, matrix.Width];
        for (int i = 0; i < SampledAnchors; i++)
            matrix.GetRowSpan(anchors[i]).CopyTo(sample.AsSpan2D().GetRowSpan(i));
        MiningInput input = MiningInput.AgainstGallery(sample.AsSpan2D(), Array.ConvertAll(anchors, row => labels[row]), matrix, labels, anchors);
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
