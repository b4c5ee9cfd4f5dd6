using System.Numerics;
using System.Runtime.InteropServices;
using Tercet.Mining;

namespace Tercet.Evaluation;

/// <summary>
/// Counts the pairs below some windows of keys, and inside them by their distances, which float64 measures. Distances are float32: where many pairs lie, they share few
/// values.
/// </summary>
internal sealed class PairWindows(DistanceMetric metric, PairWindow[] windows) : IPairConsumer
{
    private Tally[] _workers = [];
    private WindowCounts[] _counts = [];

    /// <summary>What was counted in a window, of one kind. To be asked for after <see cref="Complete"/>.</summary>
    public WindowCounts this[int window, bool same] => _counts[(2 * window) + (same ? 1 : 0)];

    public void Prepare(int workers, double tolerance)
    {
        int have = _workers.Length;
        if (have >= workers)
            return;
        Array.Resize(ref _workers, workers);
        for (int worker = have; worker < workers; worker++)
            _workers[worker] = new Tally(windows.Length);
    }

    public void Consume(in PairRow row)
    {
        Tally tally = _workers[row.Worker];
        for (int window = 0; window < windows.Length; window++)
        {
            Scan(row, same: false, windows[window], tally, 2 * window);
            Scan(row, same: true, windows[window], tally, (2 * window) + 1);
        }
    }

    /// <summary>Adds up what the threads counted.</summary>
    public void Complete() => _counts = [.. Enumerable.Range(0, 2 * windows.Length).Select(each => new WindowCounts(
        _workers.Sum(worker => worker.Below[each]),
        _workers.SelectMany(worker => worker.Inside[each])))];

    private void Scan(in PairRow row, bool same, PairWindow window, Tally tally, int each)
    {
        ReadOnlySpan<float> keys = row.Of(same);
        ReadOnlySpan<Vector<float>> vectors = MemoryMarshal.Cast<float, Vector<float>>(keys);
        Vector<float> low = new(window.Low), high = new(window.High);
        Vector<int> below = Vector<int>.Zero;
        for (int i = 0; i < vectors.Length; i++)
        {
            below -= Vector.LessThan(vectors[i], low);
            Vector<int> inside = Vector.GreaterThanOrEqual(vectors[i], low) & Vector.LessThanOrEqual(vectors[i], high);
            if (inside != Vector<int>.Zero)
                Look(row, same, window, tally.Inside[each], keys, i * Vector<float>.Count, Vector<float>.Count);
        }

        int done = vectors.Length * Vector<float>.Count;
        long sum = Vector.Sum(below);
        for (int i = done; i < keys.Length; i++)
            sum += keys[i] < window.Low ? 1 : 0;
        tally.Below[each] += sum;
        Look(row, same, window, tally.Inside[each], keys, done, keys.Length - done);
    }

    private void Look(in PairRow row, bool same, PairWindow window, Dictionary<float, long> inside, ReadOnlySpan<float> keys, int start, int count)
    {
        for (int i = start; i < start + count; i++)
        {
            if (keys[i] >= window.Low && keys[i] <= window.High)
                CollectionsMarshal.GetValueRefOrAddDefault(inside, RowDistances.Of(metric, row.ExactKey(same, i)), out _)++;
        }
    }

    // One thread's counts, by window and kind.
    private sealed class Tally(int windows)
    {
        public long[] Below { get; } = new long[2 * windows];

        public Dictionary<float, long>[] Inside { get; } = [.. Enumerable.Range(0, 2 * windows).Select(_ => new Dictionary<float, long>())];
    }
}
