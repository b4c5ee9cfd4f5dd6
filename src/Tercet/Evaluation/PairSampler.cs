using Tercet.Mining;

namespace Tercet.Evaluation;

/// <summary>Draws pairs of one kind evenly with replacement: the first row by how many partners it has, then one of those partners. A kind wanted whole is taken whole.</summary>
internal sealed class PairSampler(RowDistances distances, LabelGroups groups, ulong seed)
{
    private const int Chunk = 1 << 16;

    internal float[] Same(int count) => count == groups.SamePairs ? All(count, same: true) : Draw(count, 1, row => groups.Size[row] - 1, SamePartner);

    internal float[] Different(int count) => count == groups.DifferentPairs ? All(count, same: false) : Draw(count, 2, row => distances.Count - groups.Size[row], DifferentPartner);

    private int SamePartner(int row, int number)
    {
        int at = groups.Start[row] + number;
        return groups.Rows[at >= groups.Position[row] ? at + 1 : at];
    }

    private int DifferentPartner(int row, int number) =>
        groups.Rows[number >= groups.Start[row] ? number + groups.Size[row] : number];

    private float[] All(int count, bool same)
    {
        float[] scores = new float[count];
        int written = 0;
        for (int row = 0; row < distances.Count; row++)
        {
            // The partners that come after the row in the order of groups: the rest of its own, or all that follow it.
            int ownEnd = groups.Start[row] + groups.Size[row];
            ReadOnlySpan<int> partners = same ? groups.Rows.AsSpan((groups.Position[row] + 1)..ownEnd) : groups.Rows.AsSpan(ownEnd);
            foreach (int partner in partners)
                scores[written++] = distances[row, partner];
        }

        return scores;
    }

    private float[] Draw(int count, ulong stream, Func<int, int> partners, Func<int, int, int> partner)
    {
        // ends[r]: ordered pairs whose first row is at most r.
        long[] ends = new long[distances.Count];
        long total = 0;
        for (int row = 0; row < ends.Length; row++)
            ends[row] = total += partners(row);

        float[] scores = new float[count];
        Parallel.For(0, (count + Chunk - 1) / Chunk, chunk =>
        {
            SplitMix64 random = new(seed, stream, (ulong)chunk);
            int end = (int)Math.Min(count, ((long)chunk + 1) * Chunk);
            for (int index = chunk * Chunk; index < end; index++)
            {
                long pair = (long)random.Next((ulong)total);
                int row = FirstAbove(ends, pair);
                long before = row == 0 ? 0 : ends[row - 1];
                scores[index] = distances[row, partner(row, (int)(pair - before))];
            }
        });
        return scores;
    }

    private static int FirstAbove(long[] ends, long pair)
    {
        int low = 0, high = ends.Length - 1;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (ends[middle] > pair)
                high = middle;
            else
                low = middle + 1;
        }

        return low;
    }
}
