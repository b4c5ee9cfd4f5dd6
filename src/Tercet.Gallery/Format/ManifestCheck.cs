using Tercet.Backends.Cpu.Search;

namespace Tercet.Galleries.Format;

/// <summary>Refuses manifests that are well formed but cannot have been written by this program.</summary>
internal static class ManifestCheck
{
    /// <summary>Most rows of a segment.</summary>
    public const int LargestRows = 1 << 24;

    /// <summary>What is wrong, or null.</summary>
    public static string? FindFault(Manifest manifest)
    {
        if (manifest is { Generation: < 0 } or { NextId: < 0 } or { NextFile: < 0 } or { Schema: null } or { Segments: null })
            return "a number is negative, or something is missing";
        if (manifest.Schema.FindFault() is { } fault)
            return fault;
        HashSet<string> names = [];
        foreach (SegmentEntry segment in manifest.Segments)
        {
            if (segment is null)
                return "a segment is null";
            if ((FindFault(segment) ?? FindFault(segment, manifest)) is { } wrong)
                return $"{segment.Name}: {wrong}";
            if (!names.Add(segment.Name))
                return $"{segment.Name} is named twice";
        }

        return null;
    }

    private static string? FindFault(SegmentEntry segment) => segment switch
    {
        _ when !SegmentNames.IsName(segment.Name) => "no name of a segment",
        { Rows: < 1 or > LargestRows } => $"{segment.Rows} rows",
        _ when segment.FirstId < 0 || segment.LastId - segment.FirstId < segment.Rows - 1 => $"{segment.Rows} rows of ids {segment.FirstId} to {segment.LastId}",
        { LabelBytes: < 0 or > LargestText } or { SourceBytes: < 0 or > LargestText } => "texts of an impossible length",
        _ when !(segment.GreatestNorm >= 0 && segment.GreatestNorm <= GalleryRows.LargestNorm) => $"a norm of {segment.GreatestNorm}",
        { Arrow: null } or { Companion: null } => "a file is missing",
        _ when !Hashes.IsHash(segment.Arrow.Hash) || !Hashes.IsHash(segment.Companion.Hash) || !Hashes.IsHash(segment.SumsHash) => "no checksum",
        { Deletions: { } removed } when !Hashes.IsHash(removed.Hash) || removed.Rows < 1 || removed.Rows > segment.Rows || !SegmentNames.IsPart(removed.File ?? "") => "removed rows that make no sense",
        _ => null,
    };

    private static string? FindFault(SegmentEntry segment, Manifest manifest)
    {
        ArrowLayout layout = new(manifest.Schema, segment.Rows, segment.LabelBytes, segment.SourceBytes);
        if (segment.Arrow.Bytes != layout.Length)
            return $"{segment.Arrow.Bytes} bytes where its rows take {layout.Length}";
        if (segment.Companion.Bytes != new CompanionLayout(segment.Rows, manifest.Schema.Dimension, layout.Length).Length)
            return $"a companion of {segment.Companion.Bytes} bytes";
        if (segment.Cells?.FindFault(segment.Rows, manifest.Schema.Dimension) is { } fault)
            return fault;
        return segment.LastId >= manifest.NextId ? $"the id {segment.LastId} is not below {manifest.NextId}" : null;
    }

    private const long LargestText = 1L << 40;
}
