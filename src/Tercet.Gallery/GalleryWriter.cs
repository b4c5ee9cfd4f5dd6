using Tercet.Backends.Cpu.Search.Cells;
using Tercet.Galleries.Files;
using Tercet.Galleries.Format;
using Tercet.Galleries.Segments;

namespace Tercet.Galleries;

/// <summary>
/// Changes a gallery. What is added and removed waits in memory until <see cref="Commit"/>, which makes all of it durable and visible at once: after it has
/// returned no row is lost, whatever happens to the process or the machine; before, nothing of it is seen. Serves one thread at a time.
/// </summary>
public sealed class GalleryWriter : IDisposable
{
    private readonly WriterLock _lock;
    private readonly PendingRows _pending;
    private readonly Dictionary<string, RemovedRows> _removed = [];
    private readonly CommitSteps _steps;
    private readonly int _cellsFrom;
    private GalleryState _state;
    private long _nextId;
    private bool _disposed;

    internal GalleryWriter(string folder, GalleryOptions options)
    {
        Folder = folder;
        _cellsFrom = options.CellsFrom;
        _lock = WriterLock.Take(folder);
        try
        {
            _steps = new CommitSteps(folder, options);
            _state = GalleryState.Load(folder, options, null);
            _pending = new PendingRows(Schema);
            _nextId = _state.Manifest.NextId;
            _steps.DeleteLeftovers(_state.Manifest);
        }
        catch
        {
            _state?.Drop();
            _lock.Dispose();
            throw;
        }
    }

    /// <summary>The gallery's folder.</summary>
    public string Folder { get; }

    /// <summary>What all rows have in common.</summary>
    public GallerySchema Schema => _state.Manifest.Schema;

    /// <summary>The last commit.</summary>
    public long Generation => _state.Manifest.Generation;

    /// <summary>Rows added that wait for a commit.</summary>
    public int PendingCount => _pending.Count;

    /// <summary>Why the last commit left its small segments as they were instead of merging them; null where nothing failed. The commit itself stands.</summary>
    public TercetException? MergeFailure { get; private set; }

    /// <summary>The last commit, to be read: what waits is not in it.</summary>
    /// <returns>A snapshot, to be disposed.</returns>
    public GallerySnapshot Snapshot()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        _state.Keep();
        return new GallerySnapshot(_state);
    }

    /// <summary>Refuses rows that do not belong into this gallery.</summary>
    /// <param name="schema">What the rows have in common.</param>
    /// <exception cref="GalleryMismatchException">It differs from the gallery's schema.</exception>
    public void Require(GallerySchema schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        if (Schema.FindDifference(schema) is { } difference)
            throw new GalleryMismatchException(Folder, difference);
    }

    /// <summary>Adds a row under the next id.</summary>
    /// <param name="vector">The components, <c>[D]</c>, finite; copied.</param>
    /// <param name="facts">The rest.</param>
    /// <returns>The id: one above the highest that was ever given.</returns>
    /// <exception cref="ArgumentException">The vector or the digest has another length, a component is not finite, or the norm cannot be searched (above 2⁶⁰; under cosine, below 2⁻⁶⁰).</exception>
    public long Add(ReadOnlySpan<float> vector, GalleryRowFacts facts = default)
    {
        long id = _nextId;
        Put(id, vector, facts);
        return id;
    }

    /// <summary>Adds a row, or replaces the one that has the id.</summary>
    /// <param name="id">The id, 0 or more.</param>
    /// <param name="vector">The components, <c>[D]</c>, finite; copied.</param>
    /// <param name="facts">The rest.</param>
    /// <returns>Whether a row was replaced.</returns>
    /// <inheritdoc cref="Add"/>
    public bool Put(long id, ReadOnlySpan<float> vector, GalleryRowFacts facts = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ArgumentOutOfRangeException.ThrowIfNegative(id);
        ArgumentOutOfRangeException.ThrowIfEqual(id, long.MaxValue);
        if (_pending.Count == ManifestCheck.LargestRows)
            throw new InvalidOperationException($"{_pending.Count} rows are waiting; commit them first.");
        RowAdmission.Check(Schema, vector, facts);
        bool replaced = Contains(id);
        _pending.Put(id, vector, facts);
        MarkRemoved(id);
        _nextId = Math.Max(_nextId, id + 1);
        return replaced;
    }

    /// <summary>Removes a row.</summary>
    /// <param name="id">Its id.</param>
    /// <returns>Whether there was one.</returns>
    public bool Remove(long id)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        bool waited = _pending.Remove(id);
        return MarkRemoved(id) || waited;
    }

    /// <summary>Whether a row has the id, what waits included.</summary>
    public bool Contains(long id) =>
        _pending.Contains(id) || (_state.TryFind(id, out Segment segment, out int row) && !IsMarked(segment, row));

    /// <summary>Makes everything that waits durable and visible, or nothing of it.</summary>
    /// <returns>The generation that has it.</returns>
    /// <exception cref="GalleryException">
    /// A file could not be written. The gallery is as it was, and what waits goes on waiting: free the space, and commit again. Should only the very last step
    /// have failed, the message says that the commit is in place; the next commit repeats that step.
    /// </exception>
    public long Commit()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_pending.Count > 0 || _removed.Count > 0)
        {
            Publish(_steps.Append(_state, _pending, _removed, _nextId));
            MergeFailure = null;
            try
            {
                if (MergePlan.Tier(_state.Segments) is { Count: > 0 } tier)
                    Publish(_steps.Merge(_state, [tier]));
            }
            catch (TercetException failure)
            {
                MergeFailure = failure;
            }
        }

        _steps.FinishSync();
        return Generation;
    }

    /// <summary>Commits, then writes all segments anew as few large ones in order of id, without the rows that were removed.</summary>
    /// <param name="progress">Receives how far the cells of the segment are that is being written, 0 to 1.</param>
    /// <param name="cancellationToken">Stops while cells are made; the last commit stays as it is.</param>
    /// <returns>The generation that has them.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <inheritdoc cref="Commit"/>
    public long Compact(IProgress<double>? progress = null, CancellationToken cancellationToken = default)
    {
        Commit();
        if (MergePlan.Everything(_state.Segments, _cellsFrom) is { Count: > 0 } groups)
            Publish(_steps.Merge(_state, groups, new CellProgress(progress, cancellationToken)));
        _steps.FinishSync();
        _steps.DeleteLeftovers(_state.Manifest);
        return Generation;
    }

    /// <summary>Lets go of the gallery. What waits is forgotten.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _state.Drop();
        _lock.Dispose();
    }

    private bool IsMarked(Segment segment, int row) => _removed.TryGetValue(segment.Entry.Name, out RemovedRows? marked) && marked[row];

    private bool MarkRemoved(long id)
    {
        if (!_state.TryFind(id, out Segment segment, out int row))
            return false;
        if (!_removed.TryGetValue(segment.Entry.Name, out RemovedRows? marked))
            _removed.Add(segment.Entry.Name, marked = segment.Removed.Copy());
        return marked.Add(row);
    }

    private void Publish(GalleryState next)
    {
        Manifest previous = _state.Manifest;
        _pending.Clear();
        _removed.Clear();
        _state.Drop();
        _state = next;
        _steps.DeleteObsolete(previous, next.Manifest);
    }
}
