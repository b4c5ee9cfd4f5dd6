using Tercet.Galleries.Files;
using Tercet.Galleries.Format;

namespace Tercet.Galleries.Segments;

/// <summary>Compares every block of a gallery with its checksum, goes on where one does not match, and writes damaged segments anew without the rows that are lost.</summary>
internal sealed class GalleryCheck(string folder, GalleryOptions options)
{
    public GalleryReport Find()
    {
        Manifest manifest = ManifestFile.Read(options.Files, folder);
        return ReportOf(manifest, [.. manifest.Segments.Select(segment => FindDamage(manifest, segment)).OfType<GalleryDamage>()]);
    }

    /// <exception cref="GalleryLockedException">A writer has the gallery.</exception>
    public GalleryReport Repair()
    {
        using WriterLock held = WriterLock.Take(folder);
        Manifest manifest = ManifestFile.Read(options.Files, folder);
        CommitSteps steps = new(folder, options);
        List<GalleryDamage> damage = [.. manifest.Segments.Select(segment => FindDamage(manifest, segment)).OfType<GalleryDamage>()];
        if (damage.Count == 0 || damage.Any(each => each.LostRows < 0))
            return ReportOf(manifest, damage);

        Manifest? repaired = null;
        GalleryState state = steps.Rewrite(null, created =>
        {
            long nextFile = manifest.NextFile;
            List<SegmentEntry> segments = [];
            foreach (SegmentEntry segment in manifest.Segments)
            {
                GalleryDamage? found = damage.Find(each => Path.GetFileNameWithoutExtension(each.File) == segment.Name);
                if (found is null)
                    segments.Add(segment);
                else if (found.LostRows < segment.LiveRows)
                    segments.Add(Rescue(steps, created, manifest, segment, nextFile++));
            }

            return repaired = manifest with { Generation = manifest.Generation + 1, NextFile = nextFile, Segments = segments };
        });
        state.Drop();
        steps.DeleteObsolete(manifest, repaired!);
        steps.DeleteLeftovers(repaired!);
        return ReportOf(repaired!, [.. damage.Select(each => each with { IsRepaired = true })]);
    }

    private static GalleryReport ReportOf(Manifest manifest, IReadOnlyList<GalleryDamage> damage) => new(
        manifest.Generation, manifest.LiveRows, manifest.Segments.Count, manifest.Segments.Sum(segment => segment.Arrow.Bytes + segment.Companion.Bytes + (segment.Cells?.File.Bytes ?? 0)), damage);

    private GalleryDamage? FindDamage(Manifest manifest, SegmentEntry segment)
    {
        RemovedRows removed;
        try
        {
            removed = RemovedRows.Read(options.Files, folder, segment);
        }
        catch (Exception failure) when (failure is IOException or CorruptGalleryException)
        {
            string path = Path.Combine(folder, segment.Deletions!.File);
            return new GalleryDamage(path, 0, $"{failure.Message}; which rows were removed is not known, so nothing is repaired: put a copy of the file in its place", -1, false);
        }

        BlockCheck check = new(options.Files, folder, manifest.Schema, segment);
        try
        {
            check.Run(options.Threads);
            return null;
        }
        catch (CorruptGalleryException failure)
        {
            return new GalleryDamage(failure.Path, failure.Block, failure.Message, CountLost(check, manifest, segment, removed), false);
        }
    }

    private static long CountLost(BlockCheck check, Manifest manifest, SegmentEntry segment, RemovedRows removed)
    {
        try
        {
            using RescuedRows rows = new(check.ArrowPath, manifest.Schema, segment, removed, check.FindDamage());
            return rows.LostCount;
        }
        catch (FileNotFoundException)
        {
            return segment.LiveRows;
        }
    }

    private SegmentEntry Rescue(CommitSteps steps, List<string> created, Manifest manifest, SegmentEntry segment, long number)
    {
        BlockCheck check = new(options.Files, folder, manifest.Schema, segment);
        using RescuedRows rows = new(check.ArrowPath, manifest.Schema, segment, RemovedRows.Read(options.Files, folder, segment), check.FindDamage());
        return steps.WriteSegment(created, manifest.Schema, number, [rows]);
    }
}
