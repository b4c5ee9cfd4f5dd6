using System.Diagnostics;
using System.Text.Json;
using Tercet.Interchange;
using Tercet.Train;
using Tercet.Train.Data;
using Tercet.Train.Learning;

namespace Tercet.Convergence;

/// <summary>What a step of one strategy costs once warm. Measured for all of them in a row, apart from the trainings, which share the machine with each other.</summary>
/// <param name="Dataset">The data set.</param>
/// <param name="Strategy">The strategy.</param>
/// <param name="SecondsPerStep">Processor time of a step, its part of the refreshes included.</param>
/// <param name="MiningShare">Mining's part of the elapsed time of a step, refreshes left out.</param>
/// <param name="RefreshShare">The refreshes' part of the elapsed time.</param>
internal sealed record Pace(string Dataset, string Strategy, double SecondsPerStep, double MiningShare, double RefreshShare)
{
    // Twice the steps between two refreshes, behind as many that only warm up.
    private const int WarmUpSteps = 25;
    private const int MeasuredSteps = 50;

    /// <summary>Measures every strategy on every data set.</summary>
    /// <param name="data">The folder of the data sets.</param>
    /// <param name="output">The file to write.</param>
    public static void MeasureAll(string data, string output)
    {
        Pace[] paces = [.. Cell.Datasets.SelectMany(dataset => Convergence.Strategy.All.Select(strategy => Measure(dataset, strategy, data)))];
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(paces, CellJson.Default.PaceArray);
        AtomicFile.Write(output, stream => stream.Write(json));
    }

    private static Pace Measure(string dataset, Convergence.Strategy strategy, string data)
    {
        TrainingOptions options = strategy.Apply(Cell.Common(dataset, data));
        string work = Directory.CreateTempSubdirectory("tercet-pace-").FullName;
        try
        {
            using TrainingRun run = new(options, TrainingData.Load(options), work);
            while (run.Step < WarmUpSteps)
                run.Advance();
            TimeSpan before = Process.GetCurrentProcess().TotalProcessorTime;
            StepReport[] steps = [.. Enumerable.Range(0, MeasuredSteps).Select(_ => run.Advance())];
            double used = (Process.GetCurrentProcess().TotalProcessorTime - before).TotalSeconds;
            double stepMs = steps.Sum(step => step.StepMs);
            double refreshMs = steps.Sum(step => step.RefreshMs);
            return new Pace(dataset, strategy.Name, used / MeasuredSteps, steps.Sum(step => step.MineMs) / stepMs, refreshMs / (stepMs + refreshMs));
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }
}
