namespace Tercet.Evaluation;

/// <summary>Counting in ascending distances.</summary>
internal static class SortedScores
{
    internal static int CountUpTo(ReadOnlySpan<float> ascending, double threshold) => Count(ascending, threshold, inclusive: true);

    internal static int CountBelow(ReadOnlySpan<float> ascending, double threshold) => Count(ascending, threshold, inclusive: false);

    /// <summary>The smaller of the next score of each list; at least one has a next.</summary>
    internal static float Smaller(ReadOnlySpan<float> first, int firstNext, ReadOnlySpan<float> second, int secondNext)
    {
        if (firstNext == first.Length)
            return second[secondNext];
        return secondNext == second.Length ? first[firstNext] : Math.Min(first[firstNext], second[secondNext]);
    }

    private static int Count(ReadOnlySpan<float> ascending, double threshold, bool inclusive)
    {
        int low = 0, high = ascending.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (inclusive ? ascending[middle] <= threshold : ascending[middle] < threshold)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }
}
