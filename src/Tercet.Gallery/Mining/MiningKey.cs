using System.Globalization;
using System.IO.Hashing;
using System.Text;
using CommunityToolkit.HighPerformance;
using Tercet.Galleries.Format;
using Tercet.Mining;

namespace Tercet.Galleries.Mining;

/// <summary>A checksum of all that the result of a run depends on: rows, anchors, rule and options; not on how it is worked out.</summary>
internal static class MiningKey
{
    public static string Of(Manifest manifest, GalleryMiningOptions options, MinedRows rows, AnchorRows anchors)
    {
        XxHash128 hash = new();
        foreach (SegmentEntry segment in manifest.Segments)
            hash.Append(Encoding.UTF8.GetBytes($"{segment.Arrow.Hash} {segment.Deletions?.Hash}\n"));
        hash.Append(Encoding.UTF8.GetBytes(Describe(options)));
        hash.Append(rows.Ids.AsSpan().AsBytes());
        hash.Append(rows.Labels.AsSpan().AsBytes());
        hash.Append(anchors.Labels.AsBytes());
        for (int row = 0; anchors.Ids is null && row < anchors.Count; row++)
            hash.Append(anchors.Matrix.GetRowSpan(row).AsBytes());
        return Hashes.Of(hash);
    }

    private static string Describe(GalleryMiningOptions options)
    {
        MiningOptions mining = options.Mining;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"1 {mining.Rule} {options.Kind} {options.PairEpsilon:R} {mining.Metric} {mining.Margin:R} {mining.WithinMargin} {mining.Fallback} {mining.EasyPositive} {mining.Normalize} "
            + $"{mining.Seed} {mining.DistanceWeightedCutoff:R} {mining.DistanceWeightedLimit:R} {mining.Statistics} {mining.CollapseThreshold:R}\n");
    }
}
