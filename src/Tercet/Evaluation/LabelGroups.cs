namespace Tercet.Evaluation;

/// <summary>The rows put together by label: which rows share one, and how many there are.</summary>
internal sealed class LabelGroups
{
    internal LabelGroups(ReadOnlySpan<long> labels)
    {
        int count = labels.Length;
        long[] keys = labels.ToArray();
        Rows = new int[count];
        for (int row = 0; row < count; row++)
            Rows[row] = row;
        Array.Sort(keys, Rows);
        Start = new int[count];
        Size = new int[count];
        GroupOf = new int[count];
        Position = new int[count];
        for (int start = 0; start < count;)
        {
            int end = start;
            while (end < count && keys[end] == keys[start])
                end++;
            Array.Sort(Rows, start, end - start);
            for (int at = start; at < end; at++)
            {
                int row = Rows[at];
                (Start[row], Size[row], GroupOf[row], Position[row]) = (start, end - start, GroupCount, at);
            }

            SamePairs += (long)(end - start) * (end - start - 1) / 2;
            GroupCount++;
            start = end;
        }

        DifferentPairs = ((long)count * (count - 1) / 2) - SamePairs;
    }

    /// <summary>All rows, group after group, ascending inside each.</summary>
    internal int[] Rows { get; }

    /// <summary>By row: where its group begins in <see cref="Rows"/>.</summary>
    internal int[] Start { get; }

    /// <summary>By row: how many rows its group has.</summary>
    internal int[] Size { get; }

    /// <summary>By row: the number of its group.</summary>
    internal int[] GroupOf { get; }

    /// <summary>By row: where it stands in <see cref="Rows"/>.</summary>
    internal int[] Position { get; }

    internal int GroupCount { get; }

    /// <summary>Unordered pairs of rows that share a label.</summary>
    internal long SamePairs { get; }

    /// <summary>Unordered pairs of rows that do not.</summary>
    internal long DifferentPairs { get; }
}
