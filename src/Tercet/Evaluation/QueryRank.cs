namespace Tercet.Evaluation;

/// <summary>Where one query finds the rows of its identity.</summary>
/// <param name="FirstRight">The rank of the first of them, from 1; the largest integer where none was looked at.</param>
/// <param name="RPrecision">See <see cref="RetrievalReport.RPrecision"/>.</param>
/// <param name="AveragePrecision">See <see cref="RetrievalReport.MapAtR"/>.</param>
internal readonly record struct QueryRank(int FirstRight, double RPrecision, double AveragePrecision)
{
    /// <summary>Reads the nearest rows of a query.</summary>
    /// <param name="groups">The labels.</param>
    /// <param name="query">The query's row.</param>
    /// <param name="found">The other rows, nearest first.</param>
    public static QueryRank Of(LabelGroups groups, int query, ReadOnlySpan<int> found)
    {
        int others = groups.Size[query] - 1;
        (int firstRight, int right, double precisions) = (int.MaxValue, 0, 0);
        for (int i = 0; i < found.Length; i++)
        {
            if (groups.GroupOf[found[i]] != groups.GroupOf[query])
                continue;
            firstRight = Math.Min(firstRight, i + 1);
            if (i >= others)
                break;
            right++;
            precisions += (double)right / (i + 1);
        }

        return new QueryRank(firstRight, (double)right / others, precisions / others);
    }
}
