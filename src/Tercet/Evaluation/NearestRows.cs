namespace Tercet.Evaluation;

/// <summary>Finds the nearest rows of one row, by (key in float64, row). Reused from query to query by one thread.</summary>
internal sealed class NearestRows
{
    private readonly PriorityQueue<int, (double Key, int Row)> _farthestFirst =
        new(Comparer<(double Key, int Row)>.Create((x, y) => y.CompareTo(x)));

    private int[] _found = [];

    internal ReadOnlySpan<int> Find(RowDistances distances, int query, int count)
    {
        count = Math.Min(count, distances.Count - 1);
        if (_found.Length < count)
            _found = new int[count];
        _farthestFirst.Clear();
        for (int row = 0; row < distances.Count; row++)
        {
            if (row == query)
                continue;
            if (_farthestFirst.Count < count)
                _farthestFirst.Enqueue(row, (distances.Key(query, row), row));
            else
                _farthestFirst.EnqueueDequeue(row, (distances.Key(query, row), row));
        }

        for (int i = count - 1; i >= 0; i--)
            _found[i] = _farthestFirst.Dequeue();
        return _found.AsSpan(0, count);
    }
}
