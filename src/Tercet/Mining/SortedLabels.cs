using Tercet.Memory;

namespace Tercet.Mining;

/// <summary>Rows in ascending order of (label, row). Reused from call to call.</summary>
internal sealed class SortedLabels : IDisposable
{
    private PinnedBuffer<long> _labels = new(0);
    private PinnedBuffer<int> _rows = new(0);
    private PinnedBuffer<int> _counters = new(0);
    private int _count;

    /// <summary>The labels, ascending.</summary>
    public ReadOnlySpan<long> Labels => _labels.Span[.._count];

    /// <summary>The row that each of them belongs to; ascending where labels are equal.</summary>
    public ReadOnlySpan<int> Rows => _rows.Span[.._count];

    public void Sort(ReadOnlySpan<long> labels)
    {
        _count = labels.Length;
        PinnedBuffer.Grow(ref _labels, _count);
        PinnedBuffer.Grow(ref _rows, _count);
        if (_count == 0)
            return;

        (long lowest, long highest) = (labels[0], labels[0]);
        foreach (long label in labels)
        {
            lowest = Math.Min(lowest, label);
            highest = Math.Max(highest, label);
        }

        UInt128 range = (UInt128)((Int128)highest - lowest) + 1;
        if (range <= (UInt128)(4L * _count) + 1024)
            CountingSort(labels, lowest, (int)range);
        else
            ComparisonSort(labels);
    }

    /// <summary>The end of the run of equal labels that begins at <paramref name="start"/>.</summary>
    public int RunEnd(int start)
    {
        ReadOnlySpan<long> labels = Labels;
        int end = start + 1;
        while (end < labels.Length && labels[end] == labels[start])
            end++;
        return end;
    }

    public void Dispose()
    {
        _labels.Dispose();
        _rows.Dispose();
        _counters.Dispose();
    }

    private void CountingSort(ReadOnlySpan<long> labels, long lowest, int range)
    {
        PinnedBuffer.Grow(ref _counters, range + 1);
        Span<int> next = _counters.Span[..(range + 1)];
        next.Clear();
        foreach (long label in labels)
            next[(int)(label - lowest) + 1]++;
        for (int i = 1; i <= range; i++)
            next[i] += next[i - 1];

        Span<long> sorted = _labels.Span;
        Span<int> rows = _rows.Span;
        for (int row = 0; row < labels.Length; row++)
        {
            int position = next[(int)(labels[row] - lowest)]++;
            sorted[position] = labels[row];
            rows[position] = row;
        }
    }

    private void ComparisonSort(ReadOnlySpan<long> labels)
    {
        Span<long> sorted = _labels.Span[.._count];
        Span<int> rows = _rows.Span[.._count];
        labels.CopyTo(sorted);
        for (int row = 0; row < rows.Length; row++)
            rows[row] = row;
        sorted.Sort(rows);
        for (int start = 0; start < _count;)
        {
            int end = RunEnd(start);
            rows[start..end].Sort();
            start = end;
        }
    }
}
