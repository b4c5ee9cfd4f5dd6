using CommunityToolkit.HighPerformance;
using Tercet.Galleries.Files;
using Tercet.Galleries.Format;
using Tercet.Galleries.Segments;

namespace Tercet.Galleries;

/// <summary>
/// Embeddings in a folder, searched exactly where they lie. A search sees one commit, whole; a new one is taken up by <see cref="Reload"/> without stopping
/// searches. Any number of processes read; one writes (<see cref="OpenWriter"/>). Safe to use from many threads.
/// </summary>
/// <remarks>
/// The folder holds a manifest and segments that are never changed: Arrow IPC files (a fixed-size list of float32 or float16, id, label, source, time,
/// digest) and, beside each, a companion of one byte a component with the checksums of both files' blocks, and k-means cells if it has many rows. Opening reads the manifest alone; the first search compares
/// every block with its checksum and answers from nothing that is damaged.
/// </remarks>
public sealed class Gallery : IDisposable
{
    private readonly GalleryOptions _options;
    private readonly Lock _lock = new();
    private readonly Timer? _timer;
    private GalleryState? _state;

    private Gallery(string folder, GalleryOptions options, GalleryState state)
    {
        (Folder, _options, _state) = (folder, options, state);
        Schema = state.Manifest.Schema;
        if (options.ReloadEvery > TimeSpan.Zero)
            _timer = new Timer(_ => TryReload(), null, options.ReloadEvery, options.ReloadEvery);
    }

    /// <summary>The folder's full path.</summary>
    public string Folder { get; }

    /// <summary>What all rows have in common.</summary>
    public GallerySchema Schema { get; }

    /// <summary>Number of rows of the commit in use.</summary>
    public long Count => Current(state => state.LiveRows);

    /// <summary>The commit in use.</summary>
    public long Generation => Current(state => state.Manifest.Generation);

    /// <summary>Why the last reload by the clock found no readable gallery; null where it did.</summary>
    public TercetException? ReloadFailure { get; private set; }

    /// <summary>Makes an empty gallery.</summary>
    /// <param name="folder">The folder; made if it does not exist.</param>
    /// <param name="schema">What all rows will have in common.</param>
    /// <param name="options">How to open it; <see langword="null"/> means the defaults.</param>
    /// <exception cref="ArgumentException">The schema cannot be used.</exception>
    /// <exception cref="GalleryException">There is a gallery already, or the folder cannot be written to.</exception>
    public static Gallery Create(string folder, GallerySchema schema, GalleryOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentNullException.ThrowIfNull(schema);
        if (schema.FindFault() is { } fault)
            throw new ArgumentException($"The schema cannot be used: {fault}.", nameof(schema));
        options ??= new GalleryOptions();
        folder = Path.GetFullPath(folder);
        try
        {
            Directory.CreateDirectory(folder);
            using WriterLock held = WriterLock.Take(folder);
            if (File.Exists(Path.Combine(folder, SegmentNames.Manifest)))
                throw new GalleryException(folder, "is a gallery already; open it, or choose another folder");
            ManifestFile.Replace(options.Files, folder, new Manifest { Generation = 0, Schema = schema, NextId = 0, NextFile = 0, Segments = [] });
            options.Files.SyncFolder(folder);
            if (Path.GetDirectoryName(folder) is { } parent)
                options.Files.SyncFolder(parent);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new GalleryException(folder, $"cannot be made: {failure.Message}", failure);
        }

        return Open(folder, options);
    }

    /// <summary>Opens a gallery to read it. The time it takes does not depend on the number of rows.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="options">How; <see langword="null"/> means the defaults.</param>
    /// <exception cref="GalleryException">There is no gallery, or a file is missing, damaged or cannot be read.</exception>
    public static Gallery Open(string folder, GalleryOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        options ??= new GalleryOptions();
        ArgumentOutOfRangeException.ThrowIfNegative(options.Threads, nameof(GalleryOptions.Threads));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.CellsFrom, 1, nameof(GalleryOptions.CellsFrom));
        folder = Path.GetFullPath(folder);
        return new Gallery(folder, options, GalleryState.Load(folder, options, null));
    }

    /// <summary>Compares every block of a gallery with its checksum. Damage is reported, not thrown, unless it is the manifest's.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="repair">
    /// Whether to write damaged segments anew: a damaged companion costs no row, a damaged block of a segment the rows that have a part in it. Nothing is repaired where
    /// it is not known which rows were removed.
    /// </param>
    /// <param name="options">How; <see langword="null"/> means the defaults.</param>
    /// <exception cref="GalleryException">There is no gallery, its manifest is damaged, or a repair cannot be written.</exception>
    public static GalleryReport Verify(string folder, bool repair = false, GalleryOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        GalleryCheck check = new(Path.GetFullPath(folder), options ?? new GalleryOptions());
        return repair ? check.Repair() : check.Find();
    }

    /// <summary>Opens the gallery to change it, which one process can do at a time.</summary>
    /// <exception cref="GalleryLockedException">Another writer has it; the message says who.</exception>
    /// <exception cref="GalleryException">A file cannot be read, or the folder cannot be written to.</exception>
    public GalleryWriter OpenWriter() => new(Folder, _options);

    /// <summary>Refuses rows, or queries, that do not belong into this gallery.</summary>
    /// <param name="schema">What they have in common.</param>
    /// <exception cref="GalleryMismatchException">It differs from the gallery's schema.</exception>
    public void Require(GallerySchema schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        if (Schema.FindDifference(schema) is { } difference)
            throw new GalleryMismatchException(Folder, difference);
    }

    /// <summary>The commit in use, to be read as long as one likes.</summary>
    /// <returns>A snapshot, to be disposed.</returns>
    public GallerySnapshot Snapshot() => new(Rent());

    /// <inheritdoc cref="GallerySnapshot.Search(ReadOnlySpan{float}, Span{GalleryNeighbor})"/>
    public int Search(ReadOnlySpan<float> query, Span<GalleryNeighbor> nearest) => Search(query, nearest, out _);

    /// <inheritdoc cref="GallerySnapshot.Search(ReadOnlySpan{float}, Span{GalleryNeighbor})"/>
    /// <param name="query">The query, <c>[D]</c>, finite.</param>
    /// <param name="nearest">Receives them, nearest first.</param>
    /// <param name="generation">Which commit was searched.</param>
    public int Search(ReadOnlySpan<float> query, Span<GalleryNeighbor> nearest, out long generation)
    {
        GalleryState state = Rent();
        try
        {
            generation = state.Manifest.Generation;
            return SearchCheck.Search(state, query, nearest);
        }
        finally
        {
            state.Drop();
        }
    }

    /// <inheritdoc cref="GallerySnapshot.SearchApproximately"/>
    public int SearchApproximately(ReadOnlySpan<float> query, int probes, Span<GalleryNeighbor> nearest)
    {
        GalleryState state = Rent();
        try
        {
            return SearchCheck.SearchApproximately(state, query, probes, nearest);
        }
        finally
        {
            state.Drop();
        }
    }

    /// <inheritdoc cref="GallerySnapshot.SearchBatch"/>
    public int SearchBatch(ReadOnlySpan2D<float> queries, int k, Span2D<GalleryNeighbor> nearest, CancellationToken cancellationToken = default)
    {
        GalleryState state = Rent();
        try
        {
            return SearchCheck.Search(state, queries, k, nearest, cancellationToken);
        }
        finally
        {
            state.Drop();
        }
    }

    /// <summary>Takes up the last commit. Searches that are running go on with the one they began with.</summary>
    /// <returns>Whether there was a new one.</returns>
    /// <exception cref="GalleryException">The gallery cannot be read; the commit in use stays in use.</exception>
    public bool Reload()
    {
        GalleryState previous = Rent();
        try
        {
            if (ManifestFile.Read(_options.Files, Folder).Generation == previous.Manifest.Generation)
                return false;
            GalleryState next = GalleryState.Load(Folder, _options, previous);
            lock (_lock)
            {
                if (_state is null || _state.Manifest.Generation >= next.Manifest.Generation)
                {
                    next.Drop();
                    return _state is not null && _state != previous;
                }

                _state.Drop();
                _state = next;
                return true;
            }
        }
        finally
        {
            previous.Drop();
        }
    }

    /// <summary>Lets go of the files, when no snapshot and no search needs them.</summary>
    public void Dispose()
    {
        _timer?.Dispose();
        lock (_lock)
        {
            _state?.Drop();
            _state = null;
        }
    }

    private GalleryState Rent()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_state is null, this);
            _state.Keep();
            return _state;
        }
    }

    private T Current<T>(Func<GalleryState, T> read)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_state is null, this);
            return read(_state);
        }
    }

    private void TryReload()
    {
        try
        {
            Reload();
            ReloadFailure = null;
        }
        catch (TercetException failure)
        {
            ReloadFailure = failure;
        }
        catch (ObjectDisposedException)
        {
            // The timer fired once more.
        }
    }
}
