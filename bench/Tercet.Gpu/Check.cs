using System.Globalization;
using CommunityToolkit.HighPerformance;
using Tercet.Backends.Cuda;
using Tercet.Bench;
using Tercet.Memory;
using Tercet.Mining;
using Tercet.Search;

namespace Tercet.Gpu;

/// <summary>
/// <c>check</c>: rules, metrics, formats and ways to the card, each against the CPU, whose answers are the float64 oracle's. One line for each unit that multiplies; the
/// variable <c>TERCET_CUDA_UNIT</c> is set in turn.
/// </summary>
internal static class Check
{
    private static readonly string[] Shapes = ["37x9", "300x16", "1000x128", "2500x33", "700x300", "500x600", "3001x64"];

    private static readonly MiningOptions[] Rules =
    [
        new() { Rule = MiningRule.BatchHard, Statistics = StatisticsLevel.Selected },
        new() { Rule = MiningRule.EasyPositive, Statistics = StatisticsLevel.Selected },
        new() { Rule = MiningRule.HardNegative, Statistics = StatisticsLevel.Selected },
        new() { Rule = MiningRule.SemiHard, Fallback = SemiHardFallback.EasiestNegative },
        new() { Rule = MiningRule.RandomHard },
    ];

    /// <summary>Runs it.</summary>
    /// <param name="arguments">Shapes; none for the usual ones.</param>
    /// <returns>The exit status.</returns>
    public static int Run(ReadOnlySpan<string> arguments)
    {
        int wrong = 0;
        (int Rows, int Columns)[] shapes = [.. (arguments.IsEmpty ? Shapes : arguments.ToArray()).Select(Shape)];
        foreach (string unit in Units())
        {
            using CudaBackend backend = Open(unit);
            int mined = Mined(backend, shapes), streamed = Streamed(backend, shapes), losses = Losses(backend, shapes), found = Found(backend, shapes);
            Console.WriteLine($"{backend.Name}, {unit}: {mined} triplets differ, {streamed} of batches sent ahead, {losses} losses, {found} neighbours");
            wrong += mined + streamed + losses + found;
        }

        return wrong == 0 ? 0 : 1;
    }

    /// <summary>A shape of the command line.</summary>
    public static (int Rows, int Columns) Shape(string text)
    {
        int[] parts = [.. text.Split('x').Select(part => int.Parse(part, CultureInfo.InvariantCulture))];
        return (parts[0], parts[1]);
    }

    /// <summary>What multiplies on this card, the oldest first.</summary>
    public static string[] Units()
    {
        Environment.SetEnvironmentVariable(ProductUnits.Variable, null);
        return (int)BestUnit() switch
        {
            0 => ["float32"],
            1 => ["float32", "mma"],
            _ => ["float32", "mma", "wgmma"],
        };
    }

    /// <summary>Opens the card with one unit.</summary>
    public static CudaBackend Open(string unit)
    {
        Environment.SetEnvironmentVariable(ProductUnits.Variable, unit);
        return new CudaBackend();
    }

    private static ProductUnit BestUnit()
    {
        using Backends.Cuda.Driver.ICudaDriver driver = Backends.Cuda.Driver.CudaDrivers.Open(0);
        return ProductUnits.Choose(driver.Device.ComputeMajor, driver.Device.ComputeMinor, null);
    }

    private static int Mined(CudaBackend backend, (int Rows, int Columns)[] shapes)
    {
        int wrong = 0;
        using TripletMiner gpu = new(backend), cpu = new();
        foreach ((int rows, int columns) in shapes)
        {
            using Batch batch = Batch.Create(rows, columns);
            Half[,] halves = new Half[rows, columns];
            BFloat16[,] brains = new BFloat16[rows, columns];
            for (int i = 0; i < rows; i++)
            {
                for (int k = 0; k < columns; k++)
                    (halves[i, k], brains[i, k]) = ((Half)batch.Rows.Span[i, k], (BFloat16)batch.Rows.Span[i, k]);
            }

            foreach (DistanceMetric metric in Enum.GetValues<DistanceMetric>())
            {
                foreach (MiningOptions rule in Rules)
                {
                    MiningOptions options = rule with { Metric = metric };
                    wrong += Different(gpu, cpu, MiningInput.Batch(batch.Rows.Span, batch.Labels), options);
                    wrong += Different(gpu, cpu, MiningInput.Batch(halves.AsSpan2D(), batch.Labels), options);
                    wrong += Different(gpu, cpu, MiningInput.Batch(brains.AsSpan2D(), batch.Labels), options);
                    int anchors = rows / 3;
                    wrong += Different(gpu, cpu, MiningInput.AgainstGallery(batch.Rows.Span[..anchors, ..], batch.Labels.AsSpan(0, anchors), batch.Rows.Span[anchors.., ..], batch.Labels.AsSpan(anchors)), options);
                }
            }
        }

        return wrong;
    }

    // The next batch is on its way while this one is mined.
    private static int Streamed(CudaBackend backend, (int Rows, int Columns)[] shapes)
    {
        int wrong = 0;
        using TripletMiner gpu = new(backend), cpu = new();
        foreach ((int rows, int columns) in shapes)
        {
            using Batch batch = Batch.Create(rows, columns);
            using CudaInput input = new(backend, rows, columns);
            batch.Rows.Span.CopyTo(input.Next);
            DeviceMatrix current = input.Send(rows);
            for (int round = 0; round < 4; round++)
            {
                batch.Rows.Span.CopyTo(input.Next);
                DeviceMatrix next = input.Send(rows);
                Triplet[] found = Mine(gpu, MiningInput.Batch(current, batch.Labels), Rules[0]);
                wrong += Differences(Mine(cpu, MiningInput.Batch(batch.Rows.Span, batch.Labels), Rules[0]), found);
                current = next;
            }
        }

        return wrong;
    }

    private static int Losses(CudaBackend backend, (int Rows, int Columns)[] shapes)
    {
        int wrong = 0;
        using TripletMiner gpu = new(backend), cpu = new();
        (int rows, int columns) = shapes[^1];
        foreach (DistanceMetric metric in Enum.GetValues<DistanceMetric>())
        {
            using Batch batch = Batch.Create(rows, columns);
            float[,] found = new float[rows, columns], expected = new float[rows, columns];
            MiningOptions options = new() { Metric = metric };
            LossResult onGpu = gpu.BatchAllLoss(batch.Rows.Span, batch.Labels, options, LossReduction.Mean, found);
            LossResult onCpu = cpu.BatchAllLoss(batch.Rows.Span, batch.Labels, options, LossReduction.Mean, expected);
            float largest = expected.Cast<float>().Max(Math.Abs), farthest = expected.Cast<float>().Zip(found.Cast<float>(), (x, y) => Math.Abs(x - y)).Max();
            bool agrees = onGpu.NonZeroTerms == onCpu.NonZeroTerms && Math.Abs(onGpu.Value - onCpu.Value) <= 1e-6 * (1e-3 + onCpu.Value) && farthest <= 4e-6f * largest;
            wrong += agrees ? 0 : 1;
        }

        return wrong;
    }

    private static int Found(CudaBackend backend, (int Rows, int Columns)[] shapes)
    {
        int wrong = 0;
        foreach ((int rows, int columns) in shapes)
        {
            using Batch batch = Batch.Create(rows, columns);
            foreach (DistanceMetric metric in Enum.GetValues<DistanceMetric>())
            {
                using FlatIndex flat = new(batch.Rows, new FlatIndexOptions { Metric = Enum.Parse<SearchMetric>(metric.ToString()) });
                using CudaIndex index = new(backend, batch.Rows.Span, metric);
                foreach (int k in (int[])[1, 10, CudaIndex.LargestK])
                {
                    int queries = Math.Min(rows, 300);
                    Neighbor[,] expected = new Neighbor[queries, k], found = new Neighbor[queries, k];
                    flat.SearchBatch(batch.Rows.Span[..queries, ..], k, expected);
                    index.SearchBatch(batch.Rows.Span[..queries, ..], k, found);
                    wrong += expected.Cast<Neighbor>().Zip(found.Cast<Neighbor>()).Count(pair => pair.First.Row != pair.Second.Row);
                }
            }
        }

        return wrong;
    }

    private static int Different(TripletMiner gpu, TripletMiner cpu, MiningInput input, MiningOptions options) => Differences(Mine(cpu, input, options), Mine(gpu, input, options));

    private static Triplet[] Mine(TripletMiner miner, MiningInput input, MiningOptions options)
    {
        Triplet[] triplets = new Triplet[miner.Capacity(input, options)];
        return triplets[..miner.Mine(input, options, triplets, out _)];
    }

    private static int Differences(Triplet[] expected, Triplet[] found) => Math.Abs(expected.Length - found.Length) + expected.Zip(found).Count(pair => pair.First != pair.Second);
}
