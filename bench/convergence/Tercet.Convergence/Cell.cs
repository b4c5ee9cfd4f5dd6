using System.Globalization;
using System.Text.Json;
using Tercet.Interchange;
using Tercet.Train;
using Tercet.Train.Data;
using Tercet.Train.Learning;

namespace Tercet.Convergence;

/// <summary>One training: a data set, a strategy and a seed, named DATASET/STRATEGY/SEED.</summary>
internal static class Cell
{
    private const string QuickDrawName = "quickdraw";
    private const string FashionName = "fashion";

    private const int Steps = 400;
    private const int MeasureEvery = 20;

    public static IReadOnlyList<string> Datasets { get; } = [QuickDrawName, FashionName];

    public static IEnumerable<string> Names(int seeds) =>
        from seed in Enumerable.Range(1, seeds)
        from dataset in Datasets
        from strategy in Strategy.All
        select string.Create(CultureInfo.InvariantCulture, $"{dataset}/{strategy.Name}/{seed}");

    /// <summary>Trains, measures every 20 steps, and writes what came of it.</summary>
    public static void Run(string name, string data, string output)
    {
        string[] parts = name.Split('/');
        Strategy strategy = Strategy.All.Single(each => each.Name == parts[1]);
        TrainingOptions options = strategy.Apply(Common(parts[0], data) with { Seed = ulong.Parse(parts[2], CultureInfo.InvariantCulture) });
        string work = Directory.CreateTempSubdirectory("tercet-cell-").FullName;
        try
        {
            using TrainingRun run = new(options, TrainingData.Load(options), work);
            CellResult result = new() { Dataset = parts[0], Strategy = strategy.Name, Seed = options.Seed };
            Measure(run, result);
            while (run.Step < options.Steps)
            {
                StepReport report = run.Advance();
                result.Active.Add(report.Active);
                result.Spread.Add(report.Spread);
                if (run.Step % MeasureEvery == 0)
                    Measure(run, result);
            }

            result.SwitchedAt = run.SwitchedAt;
            byte[] json = JsonSerializer.SerializeToUtf8Bytes(result, CellJson.Default.CellResult);
            AtomicFile.Write(output, stream => stream.Write(json));
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    /// <summary>What all strategies have in common.</summary>
    public static TrainingOptions Common(string dataset, string data)
    {
        TrainingOptions options = new()
        {
            Data = Path.Combine(data, dataset, QuickDraw.Train),
            Validation = Path.Combine(data, dataset, QuickDraw.Unseen),
            Identities = 20,
            PerIdentity = 20,
            RandomNegatives = 0,
            Channels = 16,
            Steps = Steps,
            Schedule = LearningRateSchedule.Constant,
            RefreshEvery = 25,
            RefreshSubset = 4000,
            Threads = 1,
        };
        return dataset == QuickDrawName ? options : options with
        {
            Data = Path.Combine(data, dataset, "train-images-idx3-ubyte.gz"),
            Validation = Path.Combine(data, dataset, "t10k-images-idx3-ubyte.gz"),
            Identities = 10,
            PerIdentity = 40,
        };
    }

    private static void Measure(TrainingRun run, CellResult result)
    {
        ValidationReport report = run.Validate() ?? throw new InvalidOperationException("A cell has a validation set.");
        result.Measured.Add(new Measurement(run.Step, report.Recall1, report.MapAtR));
    }
}
