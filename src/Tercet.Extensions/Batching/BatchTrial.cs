using System.Diagnostics;
using Tercet.Forward;

namespace Tercet.Extensions.Batching;

/// <summary>Finds the batch size by running: the smallest that embeds nearly as many samples a second as any.</summary>
internal static class BatchTrial
{
    // A batch makes its first request wait for its last: it has to be worth this much.
    private const double Worthwhile = 1.1;
    private const int Rounds = 3;

    /// <summary>Chooses.</summary>
    /// <param name="embedder">The model; its input is overwritten.</param>
    /// <param name="fixedSize">The size that was asked for; 0 to find it.</param>
    /// <param name="longest">Ticks of the stopwatch that a batch may take.</param>
    /// <returns>The size, and the ticks that a batch of it takes.</returns>
    /// <exception cref="TercetException">The model failed.</exception>
    public static (int Size, long Ticks) Choose(OnnxEmbedder embedder, int fixedSize, long longest)
    {
        for (int i = 0; i < embedder.Input.Length; i++)
            embedder.Input[i] = i % 256;
        if (fixedSize > 0)
            return (fixedSize, Measure(embedder, fixedSize));
        if (embedder.Info.BatchMode == BatchMode.OneByOne)
            return (1, Measure(embedder, 1));

        List<(int Size, long Ticks)> trials = [(1, Measure(embedder, 1))];
        double best = trials[0].Ticks;
        int withoutGain = 0;
        for (int size = 2; size <= embedder.MaxBatch && withoutGain < 2; size *= 2)
        {
            long ticks = Measure(embedder, size);
            if (ticks > longest)
                break;
            trials.Add((size, ticks));
            double each = (double)ticks / size;
            withoutGain = each * Worthwhile > best ? withoutGain + 1 : 0;
            best = Math.Min(best, each);
        }

        return trials.First(trial => trial.Ticks <= trial.Size * best * Worthwhile);
    }

    // The least of a few: whatever else the machine does only adds.
    private static long Measure(OnnxEmbedder embedder, int size)
    {
        long least = long.MaxValue;
        for (int round = 0; round <= Rounds; round++)
        {
            long start = Stopwatch.GetTimestamp();
            embedder.Run(size);
            if (round > 0)
                least = Math.Min(least, Stopwatch.GetTimestamp() - start);
        }

        return Math.Max(1, least);
    }
}
