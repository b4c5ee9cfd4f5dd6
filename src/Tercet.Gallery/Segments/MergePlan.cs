using System.Numerics;
using Tercet.Galleries.Format;

namespace Tercet.Galleries.Segments;

/// <summary>Which segments to write anew as one.</summary>
internal static class MergePlan
{
    // Four of a size become one of the next: a row is written once for every factor of four that the gallery grows by.
    private const int TierSegments = 4;
    private const int SmallestTierRows = 256;

    /// <summary>Segments of about one size, when there are enough of them; else none.</summary>
    public static IReadOnlyList<Segment> Tier(ReadOnlySpan<Segment> segments)
    {
        Dictionary<int, List<Segment>> tiers = [];
        foreach (Segment segment in segments)
        {
            int tier = BitOperations.Log2((uint)Math.Max(1, segment.LiveCount / SmallestTierRows)) / 2;
            if (!tiers.TryGetValue(tier, out List<Segment>? members))
                tiers.Add(tier, members = []);
            members.Add(segment);
            if (members.Count == TierSegments && members.Sum(member => (long)member.LiveCount) <= ManifestCheck.LargestRows)
                return members;
        }

        return [];
    }

    /// <summary>All segments in groups of at most the largest number of rows; groups that would come out as they are, left out.</summary>
    /// <param name="segments">The segments.</param>
    /// <param name="cellsFrom">Rows from which on a segment is to have cells.</param>
    public static IReadOnlyList<IReadOnlyList<Segment>> Everything(ReadOnlySpan<Segment> segments, int cellsFrom)
    {
        List<IReadOnlyList<Segment>> groups = [];
        List<Segment> group = [];
        long rows = 0;
        foreach (Segment segment in segments)
        {
            if (group.Count > 0 && rows + segment.LiveCount > ManifestCheck.LargestRows)
            {
                groups.Add(group);
                (group, rows) = ([], 0);
            }

            group.Add(segment);
            rows += segment.LiveCount;
        }

        groups.Add(group);
        return [.. groups.Where(each => each.Count > 1 || (each.Count == 1 && (each[0].Removed.Count > 0 || LacksCells(each[0], cellsFrom))))];
    }

    private static bool LacksCells(Segment segment, int cellsFrom) => segment.Entry.Cells is null && segment.Count >= cellsFrom;
}
