using CommunityToolkit.HighPerformance;
using Tercet.Backends.Cpu.Search;
using Tercet.Galleries.Format;
using Tercet.Search;

namespace Tercet.Galleries.Segments;

/// <summary>One state of a gallery, open: a manifest and its segments, which states that follow each other share.</summary>
internal sealed class GalleryState : Shared
{
    private const int LargestGroup = 1536;
    private const int LargestScratch = 1 << 18;

    private static readonly RankedId None = new(double.PositiveInfinity, long.MaxValue, float.PositiveInfinity);

    private readonly Segment[] _segments;
    private readonly IdleScratch _idle = new();

    private GalleryState(Manifest manifest, Segment[] segments) => (Manifest, _segments, LiveRows) = (manifest, segments, manifest.LiveRows);

    public Manifest Manifest { get; }

    public ReadOnlySpan<Segment> Segments => _segments;

    public long LiveRows { get; }

    /// <summary>Opens the state that a folder is in. Should a writer replace it meanwhile, the newer one.</summary>
    /// <param name="folder">The gallery.</param>
    /// <param name="options">How to open it.</param>
    /// <param name="previous">A state whose segments can be shared; still held by its holder.</param>
    public static GalleryState Load(string folder, GalleryOptions options, GalleryState? previous)
    {
        Manifest manifest = ManifestFile.Read(options.Files, folder);
        while (true)
        {
            try
            {
                return Open(folder, options, manifest, previous);
            }
            catch (GalleryException) when (ManifestFile.Read(options.Files, folder) is { } next && next.Generation != manifest.Generation)
            {
                manifest = next;
            }
        }
    }

    /// <summary>Opens a state that is known.</summary>
    public static GalleryState Open(string folder, GalleryOptions options, Manifest manifest, GalleryState? previous)
    {
        List<Segment> segments = [];
        try
        {
            foreach (SegmentEntry entry in manifest.Segments)
                segments.Add(OpenSegment(folder, options, manifest.Schema, entry, previous));
            return new GalleryState(manifest, [.. segments]);
        }
        catch (Exception failure)
        {
            segments.ForEach(segment => segment.Drop());
            if (failure is FileNotFoundException or DirectoryNotFoundException)
                throw new CorruptGalleryException(folder, -1, failure.Message, failure);
            if (failure is IOException or UnauthorizedAccessException)
                throw new GalleryException(folder, $"cannot be opened: {failure.Message}", failure);
            throw;
        }
    }

    /// <summary>The segment and row of an id.</summary>
    public bool TryFind(long id, out Segment segment, out int row)
    {
        foreach (Segment each in _segments)
        {
            if ((row = each.Find(id)) >= 0)
            {
                segment = each;
                return true;
            }
        }

        (segment, row) = (null!, -1);
        return false;
    }

    /// <summary>Searches; see <see cref="Gallery"/>.</summary>
    /// <param name="queries">The queries, <c>[Q, D]</c>.</param>
    /// <param name="k">Neighbours of each.</param>
    /// <param name="probes">How many of the nearest cells of each segment to look into; 0 for exact answers.</param>
    /// <param name="nearest">Receives them, <c>[Q, k]</c>.</param>
    /// <param name="cancellationToken">Stops between blocks of rows.</param>
    /// <returns>The fewest that were found for a query.</returns>
    public int Search(ReadOnlySpan2D<float> queries, int k, int probes, Span2D<GalleryNeighbor> nearest, CancellationToken cancellationToken)
    {
        int found = (int)Math.Min(k, LiveRows);
        int group = Math.Clamp(LargestScratch / k, 1, LargestGroup);
        int room = Math.Min(group, queries.Height) * k;
        SearchScratch scratch = _idle.Rent();
        try
        {
            Neighbor[] rows = scratch.Rows(room);
            RankedId[] ranked = scratch.Ranked(room + k);
            for (int first = 0; first < queries.Height; first += group)
            {
                int count = Math.Min(group, queries.Height - first);
                ReadOnlySpan2D<float> part = queries[first..(first + count), ..];
                ranked.AsSpan(0, count * k).Fill(None);
                foreach (Segment segment in _segments)
                {
                    CpuSearch search = segment.Search();
                    if (probes > 0 && search.CellCount > 0)
                        search.RunApproximately(part, k, probes, new Span2D<Neighbor>(rows, count, k), cancellationToken);
                    else
                        search.Run(part, k, new Span2D<Neighbor>(rows, count, k), cancellationToken);
                    for (int query = 0; query < count; query++)
                        Merge(search, segment, part.GetRowSpan(query), rows.AsSpan(query * k, k), ranked.AsSpan(query * k, k), ranked.AsSpan(room, k));
                }

                for (int query = 0; query < count; query++)
                {
                    ReadOnlySpan<RankedId> best = ranked.AsSpan(query * k, k);
                    while (found > 0 && double.IsPositiveInfinity(best[found - 1].Key))
                        found--;
                    Deliver(best, nearest.GetRowSpan(first + query));
                }
            }
        }
        finally
        {
            _idle.Return(scratch);
        }

        return found;
    }

    /// <summary>Searches among the rows of one label, each of which float64 looks at.</summary>
    public int Search(ReadOnlySpan<float> query, ReadOnlySpan<byte> label, Span<GalleryNeighbor> nearest)
    {
        SearchScratch scratch = _idle.Rent();
        try
        {
            Span<RankedId> best = scratch.Ranked(nearest.Length).AsSpan(0, nearest.Length);
            int found = 0;
            foreach (Segment segment in _segments)
            {
                CpuSearch search = segment.Search();
                for (int row = 0; row < segment.Count; row++)
                {
                    if (segment.IsRemoved(row) || !segment.Label(row).SequenceEqual(label))
                        continue;
                    double key = search.KeyOf(query, row);
                    Insert(best, ref found, new RankedId(key, segment.Id(row), search.Rows.DistanceOf(key)));
                }
            }

            best[found..].Fill(None);
            Deliver(best, nearest);
            return found;
        }
        finally
        {
            _idle.Return(scratch);
        }
    }

    protected override void Free()
    {
        foreach (Segment segment in _segments)
            segment.Drop();
    }

    private static Segment OpenSegment(string folder, GalleryOptions options, GallerySchema schema, SegmentEntry entry, GalleryState? previous)
    {
        Segment? known = previous is null ? null : Array.Find(previous._segments, segment => segment.Entry.Name == entry.Name && segment.Entry.Arrow == entry.Arrow);
        if (known is not null && known.Entry.Deletions == entry.Deletions)
        {
            known.Keep();
            return known;
        }

        RemovedRows removed = RemovedRows.Read(options.Files, folder, entry);
        if (known is not null)
            return new Segment(known.Files, entry, removed, schema, options);
        SegmentFiles files = new(options.Files, folder, schema, entry, options.Threads);
        try
        {
            return new Segment(files, entry, removed, schema, options);
        }
        finally
        {
            files.Drop();
        }
    }

    // Both lists are ordered; what a segment found takes its place among what the ones before it found. Float32 distances would leave near ties undecided.
    private void Merge(CpuSearch search, Segment segment, ReadOnlySpan<float> query, ReadOnlySpan<Neighbor> found, Span<RankedId> best, Span<RankedId> earlier)
    {
        best.CopyTo(earlier);
        int next = 0, kept = 0;
        RankedId candidate = Rank(search, segment, query, found, 0);
        for (int i = 0; i < best.Length; i++)
        {
            if (candidate.CompareTo(earlier[kept]) >= 0)
            {
                best[i] = earlier[kept++];
                continue;
            }

            best[i] = candidate;
            candidate = Rank(search, segment, query, found, ++next);
        }
    }

    private RankedId Rank(CpuSearch search, Segment segment, ReadOnlySpan<float> query, ReadOnlySpan<Neighbor> found, int place)
    {
        if (place >= found.Length || found[place].Row < 0)
            return None;
        Neighbor neighbor = found[place];
        return new RankedId(_segments.Length == 1 ? place : search.KeyOf(query, neighbor.Row), segment.Id(neighbor.Row), neighbor.Distance);
    }

    private static void Insert(Span<RankedId> best, ref int found, RankedId candidate)
    {
        int place = ~best[..found].BinarySearch(candidate);
        if (place >= best.Length)
            return;
        int kept = Math.Min(found, best.Length - 1);
        best[place..kept].CopyTo(best[(place + 1)..]);
        best[place] = candidate;
        found = kept + 1;
    }

    private static void Deliver(ReadOnlySpan<RankedId> ranked, Span<GalleryNeighbor> nearest)
    {
        for (int i = 0; i < nearest.Length; i++)
            nearest[i] = double.IsPositiveInfinity(ranked[i].Key) ? GalleryNeighbor.None : new GalleryNeighbor(ranked[i].Id, ranked[i].Distance);
    }
}
