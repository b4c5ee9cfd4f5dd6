using System.Diagnostics;
using Tercet.Extensions;
using Tercet.Load.Targets;

namespace Tercet.Load.Checks;

/// <summary>Calls ONNX Runtime on the graph as the engine has it, the engine's blocking call, its asynchronous one, and ONNX Runtime on the file as it is in turn, with the same sample; the order changes from round to round.</summary>
internal static class OverheadRun
{
    private const int WarmUp = 30;

    /// <exception cref="TercetException">The engine's answer is not that of both sessions.</exception>
    public static async Task<OverheadResult> Run(TercetOptions options, int pairs)
    {
        using TercetEmbedder embedder = new(options);
        int threads = options.Threads > 0 ? options.Threads : Math.Max(1, Environment.ProcessorCount / embedder.Workers);
        using BareSession bare = new(options.ModelPath, embedder.Model, threads, asInTheEngine: true);
        using BareSession plain = new(options.ModelPath, embedder.Model, threads, asInTheEngine: false);
        float[] sample = Inputs.Random(1, embedder.InputLength).Samples![0];
        float[] embedding = new float[embedder.Dimension];
        sample.CopyTo(bare.Input, 0);
        sample.CopyTo(plain.Input, 0);
        LatencyHistogram[] times = [new(), new(), new(), new()];
        long allocated = 0;
        for (int round = -WarmUp; round < pairs; round++)
        {
            for (int turn = 0; turn < times.Length; turn++)
            {
                int which = (round + WarmUp + turn) % times.Length;
                long before = GC.GetAllocatedBytesForCurrentThread();
                long start = Stopwatch.GetTimestamp();
                if (which == 0)
                    bare.Run();
                else if (which == 1)
                    embedder.Embed(sample, embedding);
                else if (which == 2)
                    await embedder.EmbedAsync(sample, embedding);
                else
                    plain.Run();
                long ticks = Stopwatch.GetTimestamp() - start;
                if (round < 0)
                    continue;
                times[which].RecordTicks(ticks);
                if (which == 1)
                    allocated += GC.GetAllocatedBytesForCurrentThread() - before;
            }

            if (!embedding.AsSpan().SequenceEqual(bare.Output) || !embedding.AsSpan().SequenceEqual(plain.Output))
                throw new TercetException("The engine's embedding differs from a bare session's.");
        }

        double[] medians = [.. times.Select(static time => time.Percentile(50))];
        return new OverheadResult(Path.GetFileName(options.ModelPath), pairs, threads, medians[0], medians[1], medians[2], medians[3], (double)allocated / pairs);
    }
}
