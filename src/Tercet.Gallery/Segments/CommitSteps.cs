using Tercet.Backends.Cpu.Search.Cells;
using Tercet.Galleries.Files;
using Tercet.Galleries.Format;

namespace Tercet.Galleries.Segments;

/// <summary>
/// The order of steps that makes a commit safe: new files are written and flushed, then their names; they are opened, so that nothing can fail later that a
/// writer could not go on from; then the manifest is written beside the old one, which it replaces in one step; then that name is flushed, and only then is anything
/// deleted.
/// </summary>
internal sealed class CommitSteps(string folder, GalleryOptions options)
{
    private readonly IGalleryFiles _files = options.Files;
    private bool _needsSync;

    /// <summary>Writes what waits, and a manifest that has it.</summary>
    /// <exception cref="GalleryException">The old manifest is still in place.</exception>
    public GalleryState Append(GalleryState state, PendingRows pending, IReadOnlyDictionary<string, RemovedRows> removed, long nextId) => Rewrite(state, created =>
    {
        Manifest manifest = state.Manifest;
        long nextFile = manifest.NextFile;
        List<SegmentEntry> segments = [];
        foreach (SegmentEntry segment in manifest.Segments)
        {
            if (!removed.TryGetValue(segment.Name, out RemovedRows? rows))
                segments.Add(segment);
            else if (rows.Count < segment.Rows)
                segments.Add(segment with { Deletions = rows.Write(_files, folder, Name(created, SegmentNames.Of(nextFile++) + SegmentNames.Deletions)) });
        }

        if (pending.Count > 0)
        {
            pending.Sort();
            segments.Add(WriteSegment(created, manifest.Schema, nextFile++, [pending]));
        }

        return manifest with { Generation = manifest.Generation + 1, NextId = nextId, NextFile = nextFile, Segments = segments };
    });

    /// <summary>Writes segments anew, those of a group as one in the place of the first.</summary>
    /// <exception cref="GalleryException">The old manifest is still in place, or a block that was to be copied is damaged.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; the old manifest is still in place.</exception>
    public GalleryState Merge(GalleryState state, IReadOnlyList<IReadOnlyList<Segment>> groups, CellProgress progress = default) => Rewrite(state, created =>
    {
        Manifest manifest = state.Manifest;
        long nextFile = manifest.NextFile;
        List<SegmentEntry> segments = [];
        foreach (SegmentEntry entry in manifest.Segments)
        {
            if (groups.FirstOrDefault(members => members.Any(member => member.Entry == entry)) is not { } group)
            {
                segments.Add(entry);
                continue;
            }

            if (group[0].Entry != entry || group.All(member => member.LiveCount == 0))
                continue;
            foreach (Segment member in group)
                member.Files.RequireChecked();
            segments.Add(WriteSegment(created, manifest.Schema, nextFile++, [.. group], progress));
        }

        return manifest with { Generation = manifest.Generation + 1, NextFile = nextFile, Segments = segments };
    });

    /// <summary>Writes one segment; its files' names are noted.</summary>
    public SegmentEntry WriteSegment(List<string> created, GallerySchema schema, long number, IRowSource[] rows, CellProgress progress = default)
    {
        string name = SegmentNames.Of(number);
        created.Add(name + SegmentNames.Arrow);
        created.Add(name + SegmentNames.Companion);
        created.Add(name + SegmentNames.Cells);
        return new SegmentWriter(folder, schema, options, progress).Write(name, rows);
    }

    /// <summary>Flushes the manifest's name, if the last commit could not.</summary>
    /// <exception cref="GalleryException">It cannot now either.</exception>
    public void FinishSync()
    {
        if (!_needsSync)
            return;
        try
        {
            _files.SyncFolder(folder);
            _needsSync = false;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new GalleryException(folder, $"the commit is in place, but may not survive a loss of power: {failure.Message}; commit again", failure);
        }
    }

    /// <summary>Deletes what an earlier writer began and did not commit.</summary>
    public void DeleteLeftovers(Manifest manifest)
    {
        HashSet<string> known = [.. manifest.Files];
        foreach (string path in Directory.EnumerateFiles(folder))
        {
            string name = Path.GetFileName(path);
            if (name == SegmentNames.NewManifest || (SegmentNames.IsPart(name) && !known.Contains(name)))
                TryDelete(name);
        }
    }

    /// <summary>Deletes what the last commit left behind, unless the commit is not flushed yet. Readers that have it open keep it.</summary>
    public void DeleteObsolete(Manifest previous, Manifest manifest)
    {
        if (_needsSync)
            FinishSync();
        foreach (string name in previous.Files.Except(manifest.Files))
            TryDelete(name);
    }

    /// <summary>Lets a function write new files and the manifest that has them, opens them, and puts the manifest in place.</summary>
    /// <param name="previous">A state whose segments can be shared, if any.</param>
    /// <param name="write">Notes the name of every file before it makes it.</param>
    /// <exception cref="GalleryException">The old manifest is still in place.</exception>
    public GalleryState Rewrite(GalleryState? previous, Func<List<string>, Manifest> write)
    {
        List<string> created = [];
        GalleryState? next = null;
        try
        {
            Manifest manifest = write(created);
            _files.SyncFolder(folder);
            next = GalleryState.Open(folder, options, manifest, previous);
            Replace(manifest);
            _needsSync = true;
            return next;
        }
        catch (Exception failure)
        {
            next?.Drop();
            created.ForEach(TryDelete);
            if (failure is IOException or UnauthorizedAccessException)
                throw new GalleryException(folder, $"cannot be written to: {failure.Message}; the gallery is as it was, and what was added still waits: free space, and commit again", failure);
            throw;
        }
    }

    // A file system may say that it could not rename and have done so.
    private void Replace(Manifest manifest)
    {
        try
        {
            ManifestFile.Replace(_files, folder, manifest);
        }
        catch (IOException)
        {
            if (ManifestFile.Read(DiskFiles.Instance, folder).Generation != manifest.Generation)
                throw;
        }
    }

    private static string Name(List<string> created, string name)
    {
        created.Add(name);
        return name;
    }

    private void TryDelete(string name)
    {
        try
        {
            _files.Delete(Path.Combine(folder, name));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The next writer tries again.
        }
    }
}
