using System.Collections.Concurrent;
using System.Diagnostics;
using Tercet.Load.Rates;
using Tercet.Load.Targets;

namespace Tercet.Load.Checks;

/// <summary>
/// Asks for embeddings faster than they can be given, gives some requests up, and looks at every answer: it must be that of its input. Memory of a request that has ended holds a pattern
/// until the end, so that a second answer, or one for somebody else, is seen.
/// </summary>
internal sealed class AnswerCheck
{
    // Batches of another size may round differently; the inputs' embeddings are much farther from each other.
    private const float Tolerance = 1e-4f;
    private const float Pattern = 12345.678f;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ITarget _target;
    private readonly float[][] _expected;
    private readonly double _givenUp;
    private readonly ConcurrentQueue<float[]> _ended = new();
    private readonly TaskCompletionSource _allEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _open;
    private int _right;
    private int _rightBits;
    private int _refused;
    private int _cancelled;
    private int _wrong;
    private int _failed;

    private AnswerCheck(ITarget target, float[][] expected, int requests, double givenUp) => (_target, _expected, _open, _givenUp) = (target, expected, requests, givenUp);

    /// <summary>Runs until so many requests have ended.</summary>
    /// <param name="name">What the target is called.</param>
    /// <param name="target">Whom to ask.</param>
    /// <param name="expected">The embedding of each input.</param>
    /// <param name="perSecond">How many to send a second.</param>
    /// <param name="requests">How many in all.</param>
    /// <param name="givenUp">Which part of them is given up at a random moment.</param>
    /// <param name="say">Hears how far it is.</param>
    /// <exception cref="TercetException">Two inputs have embeddings that cannot be told apart.</exception>
    public static async Task<CheckResult> Run(string name, ITarget target, float[][] expected, double perSecond, int requests, double givenUp, Action<string> say)
    {
        RequireApart(expected);
        AnswerCheck check = new(target, expected, requests, givenUp);
        long start = Stopwatch.GetTimestamp();
        Thread sender = new(() => check.SendAll(start, perSecond, requests)) { IsBackground = true, Name = "arrivals" };
        sender.Start();
        TimeSpan limit = TimeSpan.FromSeconds(requests / perSecond) + Patience;
        while (!check._allEnded.Task.IsCompleted && Stopwatch.GetElapsedTime(start) < limit)
        {
            await Task.WhenAny(check._allEnded.Task, Task.Delay(TimeSpan.FromSeconds(5)));
            say($"{requests - Volatile.Read(ref check._open):N0} of {requests:N0} have ended, {check._right:N0} right, {check._refused:N0} refused, {check._cancelled:N0} given up");
        }

        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;

        // A late second answer has a second to come.
        await Task.Delay(TimeSpan.FromSeconds(1));
        int writtenAfter = check._ended.Count(each => each.AsSpan().ContainsAnyExcept(Pattern));
        return new CheckResult(name, requests, check._right, check._rightBits, check._refused, check._cancelled, check._wrong, check._failed, Volatile.Read(ref check._open), writtenAfter, seconds);
    }

    private static void RequireApart(float[][] expected)
    {
        for (int i = 0; i < expected.Length; i++)
        {
            for (int j = 0; j < i; j++)
            {
                if (Farthest(expected[i], expected[j]) < 10 * Tolerance)
                    throw new TercetException($"The embeddings of inputs {j} and {i} cannot be told apart.");
            }
        }
    }

    private static float Farthest(ReadOnlySpan<float> one, ReadOnlySpan<float> other)
    {
        float farthest = 0;
        for (int i = 0; i < one.Length; i++)
            farthest = Math.Max(farthest, float.IsNaN(one[i]) ? float.PositiveInfinity : Math.Abs(one[i] - other[i]));
        return farthest;
    }

    private void SendAll(long start, double perSecond, int requests)
    {
        Random random = new(1);
        for (int i = 0; i < requests; i++)
        {
            FineSleep.Until(start + (long)(i / perSecond * Stopwatch.Frequency));
            int input = random.Next(_expected.Length);
            double? until = random.NextDouble() < _givenUp ? random.NextDouble() * 20 : null;
            ThreadPool.UnsafeQueueUserWorkItem(static state => _ = state.Check.Send(state.Input, state.Until), (Check: this, Input: input, Until: until), preferLocal: false);
        }
    }

    private async Task Send(int input, double? untilMilliseconds)
    {
        float[] embedding = new float[_target.Dimension];
        embedding.AsSpan().Fill(Pattern);
        using CancellationTokenSource source = new();
        if (untilMilliseconds is { } milliseconds)
            source.CancelAfter(TimeSpan.FromMilliseconds(milliseconds));
        try
        {
            Count(await _target.Send(input, embedding, source.Token), embedding, _expected[input]);
        }
        catch (OperationCanceledException)
        {
            Interlocked.Increment(ref _cancelled);
        }
        catch (Exception failure)
        {
            Console.Error.WriteLine($"tercet-load: {failure.GetType().Name}: {failure.Message}");
            Interlocked.Increment(ref _failed);
        }

        embedding.AsSpan().Fill(Pattern);
        _ended.Enqueue(embedding);
        if (Interlocked.Decrement(ref _open) == 0)
            _allEnded.TrySetResult();
    }

    private void Count(Outcome outcome, float[] embedding, float[] expected)
    {
        if (outcome == Outcome.Refused)
        {
            Interlocked.Increment(ref _refused);
            return;
        }

        if (outcome != Outcome.Answered)
        {
            Interlocked.Increment(ref _failed);
            return;
        }

        if (Farthest(embedding, expected) > Tolerance)
        {
            Interlocked.Increment(ref _wrong);
            return;
        }

        Interlocked.Increment(ref _right);
        if (embedding.AsSpan().SequenceEqual(expected))
            Interlocked.Increment(ref _rightBits);
    }
}
