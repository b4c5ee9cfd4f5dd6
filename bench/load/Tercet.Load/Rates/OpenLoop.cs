using System.Collections.Concurrent;
using System.Diagnostics;
using Tercet.Load.Targets;

namespace Tercet.Load.Rates;

/// <summary>Sends requests when they are due and never waits for an answer before the next.</summary>
internal sealed class OpenLoop
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100);

    private readonly ITarget _target;
    private readonly LevelRun _run;
    private readonly ConcurrentBag<float[]> _buffers = [];
    private readonly TaskCompletionSource _allEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _open;

    private OpenLoop(ITarget target, LevelRun run) => (_target, _run, _open) = (target, run, run.Due.Length);

    /// <summary>Runs one level.</summary>
    /// <param name="target">Whom to ask.</param>
    /// <param name="due">When; ticks of the stopwatch from the start.</param>
    /// <param name="patience">How long after the last request to wait for what has not ended.</param>
    /// <returns>What became of each; what did not end has <see cref="Outcome.None"/>.</returns>
    public static async Task<LevelRun> Run(ITarget target, long[] due, TimeSpan patience)
    {
        LevelRun run = new(Stopwatch.GetTimestamp(), due) { BytesBefore = target.ResidentBytes };
        OpenLoop loop = new(target, run);
        Thread sender = new(loop.SendAll) { IsBackground = true, Name = "arrivals", Priority = ThreadPriority.AboveNormal };
        sender.Start();
        Task ended = loop._allEnded.Task;
        long last = run.Start + due[^1] + (long)(patience.TotalSeconds * Stopwatch.Frequency);
        while (!ended.IsCompleted && Stopwatch.GetTimestamp() < last)
        {
            run.BytesMost = Math.Max(run.BytesMost, target.ResidentBytes);
            await Task.WhenAny(ended, Task.Delay(LookEvery));
        }

        return run;
    }

    private void SendAll()
    {
        for (int i = 0; i < _run.Due.Length; i++)
        {
            FineSleep.Until(_run.Start + _run.Due[i]);
            _run.Sent[i] = Stopwatch.GetTimestamp() - _run.Start;
            ThreadPool.UnsafeQueueUserWorkItem(static state => _ = state.Loop.Send(state.Index), (Loop: this, Index: i), preferLocal: false);
        }
    }

    private async Task Send(int index)
    {
        if (!_buffers.TryTake(out float[]? embedding))
            embedding = new float[_target.Dimension];
        Outcome outcome;
        try
        {
            outcome = await _target.Send(index, embedding);
        }
        catch (Exception failure)
        {
            Console.Error.WriteLine($"tercet-load: request {index}: {failure.GetType().Name}: {failure.Message}");
            outcome = Outcome.Failed;
        }

        (_run.Ended[index], _run.Outcomes[index]) = (Stopwatch.GetTimestamp() - _run.Start, outcome);
        _buffers.Add(embedding);
        if (Interlocked.Decrement(ref _open) == 0)
            _allEnded.TrySetResult();
    }
}
