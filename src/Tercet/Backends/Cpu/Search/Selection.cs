namespace Tercet.Backends.Cpu.Search;

/// <summary>Selection without sorting.</summary>
internal static class Selection
{
    /// <summary>The value that would stand at <paramref name="index"/> if the values were sorted. Reorders them (Hoare's quickselect).</summary>
    public static float NthSmallest(Span<float> values, int index)
    {
        int low = 0;
        int high = values.Length - 1;
        while (low < high)
        {
            float pivot = Median(values[low], values[(low + high) >>> 1], values[high]);
            int left = low;
            int right = high;
            while (left <= right)
            {
                while (values[left] < pivot)
                    left++;
                while (values[right] > pivot)
                    right--;
                if (left > right)
                    break;
                (values[left], values[right]) = (values[right], values[left]);
                left++;
                right--;
            }

            if (index <= right)
                high = right;
            else if (index >= left)
                low = left;
            else
                break;
        }

        return values[index];
    }

    private static float Median(float a, float b, float c) => Math.Max(Math.Min(a, b), Math.Min(Math.Max(a, b), c));
}
