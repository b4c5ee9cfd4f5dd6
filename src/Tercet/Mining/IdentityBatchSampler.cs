using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Tercet.Mining;

/// <summary>
/// Draws FaceNet's mini-batches (section 3.2): a number of identities with about 40 exemplars each, and random negative faces beside them. The same seed
/// and labels give the same batches on every machine and runtime.
/// </summary>
/// <remarks>
/// <para>An epoch takes every identity of two rows or more exactly once, in random order; a batch that reaches its end goes on into the next epoch without
/// taking an identity twice. An identity with fewer rows than asked for gives all it has.</para>
/// <para>Random negatives are drawn evenly, without replacement, from the rows whose identity is not in the batch; there are fewer when those run out. They are
/// labelled <see cref="NegativeOnlyLabel"/>, to be passed on as <see cref="MiningOptions.NegativeOnlyLabel"/>. Identities of one row, and rows that already carry
/// that label, are never anything else.</para>
/// <para>Not safe to use from several threads at once. A batch allocates nothing on the managed heap except where an epoch begins.</para>
/// </remarks>
public sealed class IdentityBatchSampler
{
    /// <summary>The label of random negatives, in the labels given and in the batches drawn: −1.</summary>
    public const long NegativeOnlyLabel = -1;

    private const int NoIdentity = -1;
    private const ulong OrderStream = 1;
    private const ulong BatchStream = 2;

    private readonly long[] _labels;
    private readonly int[] _identityOfRow;
    private readonly int[] _rowsByIdentity;
    private readonly int[] _firstRow;
    private readonly int[] _allRows;
    private readonly int[] _order;
    private readonly int[] _swaps;
    private readonly bool[] _inBatch;
    private readonly int[] _batch;

    private ulong _seed;
    private long _batchNumber;
    private long _epoch;
    private int _cursor;
    private ImmutableArray<int> _carried = [];

    /// <summary>Makes a sampler.</summary>
    /// <param name="labels">The identity of every row of the training set, <c>[N]</c>; they are copied.</param>
    /// <param name="identitiesPerBatch">Identities a batch, 1 or more, at most the number that have two rows.</param>
    /// <param name="exemplarsPerIdentity">Most rows of one identity in a batch, 2 or more. Default 40, FaceNet's.</param>
    /// <param name="randomNegatives">Random negatives a batch, 0 or more. Default 0.</param>
    /// <param name="seed">The seed. Default 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is too small, or fewer identities than <paramref name="identitiesPerBatch"/> have two rows or more.</exception>
    public IdentityBatchSampler(ReadOnlySpan<long> labels, int identitiesPerBatch, int exemplarsPerIdentity = 40, int randomNegatives = 0, ulong seed = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(identitiesPerBatch, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(exemplarsPerIdentity, 2);
        ArgumentOutOfRangeException.ThrowIfNegative(randomNegatives);
        ExemplarsPerIdentity = exemplarsPerIdentity;
        RandomNegatives = randomNegatives;
        _seed = seed;
        _labels = labels.ToArray();
        _identityOfRow = new int[labels.Length];
        _swaps = new int[labels.Length];
        _allRows = new int[labels.Length];
        for (int row = 0; row < _allRows.Length; row++)
            _allRows[row] = row;

        (_firstRow, _rowsByIdentity) = Group(_labels, _identityOfRow);
        IdentityCount = _firstRow.Length - 1;
        if (identitiesPerBatch > IdentityCount)
            throw new ArgumentOutOfRangeException(nameof(identitiesPerBatch), identitiesPerBatch, $"Only {IdentityCount} identities have two rows or more.");
        _order = new int[IdentityCount];
        _inBatch = new bool[IdentityCount];
        _batch = new int[identitiesPerBatch];
        MaximumRows = LargestBatch();
        BeginEpoch();
    }

    /// <summary>Number of identities that have two rows or more.</summary>
    public int IdentityCount { get; }

    /// <summary>Identities in every batch.</summary>
    public int IdentitiesPerBatch => _batch.Length;

    /// <summary>Most rows of one identity in a batch.</summary>
    public int ExemplarsPerIdentity { get; }

    /// <summary>Random negatives asked for in every batch.</summary>
    public int RandomNegatives { get; }

    /// <summary>The most rows that a batch can have: the length that the spans given to <see cref="Next"/> need.</summary>
    public int MaximumRows { get; }

    /// <summary>Where the sampler stands.</summary>
    public IdentityBatchSamplerState State => new(_seed, _batchNumber, _epoch, _cursor, _carried);

    /// <summary>Draws the next batch: identity after identity, the random negatives last.</summary>
    /// <param name="rows">Receives row numbers of the training set, each at most once; at least <see cref="MaximumRows"/> long.</param>
    /// <param name="labels">Receives their labels, <see cref="NegativeOnlyLabel"/> for random negatives; likewise.</param>
    /// <returns>The number of rows drawn.</returns>
    /// <exception cref="ArgumentException">A span is too short.</exception>
    public int Next(Span<int> rows, Span<long> labels)
    {
        if (rows.Length < MaximumRows)
            throw new ArgumentException($"{rows.Length} rows are less than {nameof(MaximumRows)}, {MaximumRows}.", nameof(rows));
        if (labels.Length < MaximumRows)
            throw new ArgumentException($"{labels.Length} labels are less than {nameof(MaximumRows)}, {MaximumRows}.", nameof(labels));

        TakeIdentities();
        SplitMix64 random = new(_seed, BatchStream, (ulong)_batchNumber);
        int count = 0;
        foreach (int identity in _batch)
        {
            Span<int> own = _rowsByIdentity.AsSpan(_firstRow[identity].._firstRow[identity + 1]);
            count += Draw(ref random, own, ExemplarsPerIdentity, rows[count..], skipBatch: false);
        }

        for (int i = 0; i < count; i++)
            labels[i] = _labels[rows[i]];
        int negatives = Draw(ref random, _allRows, RandomNegatives, rows[count..], skipBatch: true);
        labels.Slice(count, negatives).Fill(NegativeOnlyLabel);

        foreach (int identity in _batch)
            _inBatch[identity] = false;
        _batchNumber++;
        return count + negatives;
    }

    /// <summary>Goes to where another sampler, made with the same labels and sizes, stood.</summary>
    /// <param name="state">Its state.</param>
    /// <exception cref="ArgumentException">The state does not fit these labels and sizes.</exception>
    public void Restore(IdentityBatchSamplerState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        bool fits = state.Batch >= 0 && state.Epoch >= 0 && state.Cursor >= 0 && state.Cursor <= IdentityCount
            && !state.Carried.IsDefault && state.Carried.Length < Math.Max(1, IdentitiesPerBatch)
            && state.Carried.All(identity => identity >= 0 && identity < IdentityCount)
            && (UInt128)state.Batch * (uint)IdentitiesPerBatch == ((UInt128)state.Epoch * (uint)IdentityCount) + (uint)state.Cursor;
        if (!fits)
            throw new ArgumentException($"{state} does not belong to {IdentityCount} identities, {IdentitiesPerBatch} a batch.", nameof(state));
        (_seed, _batchNumber, _epoch, _cursor, _carried) = (state.Seed, state.Batch, state.Epoch, state.Cursor, state.Carried);
        BeginEpoch();
    }

    private static (int[] FirstRow, int[] RowsByIdentity) Group(long[] labels, int[] identityOfRow)
    {
        Dictionary<long, int> counts = [];
        foreach (long label in labels)
            CollectionsMarshal.GetValueRefOrAddDefault(counts, label, out _)++;

        Dictionary<long, int> identities = [];
        List<int> firstRow = [0];
        for (int row = 0; row < labels.Length; row++)
        {
            long label = labels[row];
            identityOfRow[row] = NoIdentity;
            if (label == NegativeOnlyLabel || counts[label] < 2)
                continue;
            if (!identities.TryGetValue(label, out int identity))
            {
                identity = identities.Count;
                identities.Add(label, identity);
                firstRow.Add(firstRow[^1] + counts[label]);
            }

            identityOfRow[row] = identity;
        }

        int[] next = [.. firstRow];
        int[] rows = new int[firstRow[^1]];
        for (int row = 0; row < labels.Length; row++)
        {
            if (identityOfRow[row] != NoIdentity)
                rows[next[identityOfRow[row]]++] = row;
        }

        return ([.. firstRow], rows);
    }

    private int LargestBatch()
    {
        int[] sizes = new int[IdentityCount];
        for (int identity = 0; identity < sizes.Length; identity++)
            sizes[identity] = Math.Min(ExemplarsPerIdentity, _firstRow[identity + 1] - _firstRow[identity]);
        Array.Sort(sizes);
        int exemplars = sizes.AsSpan(sizes.Length - IdentitiesPerBatch).ToArray().Sum();
        return (int)Math.Min(_labels.Length, (long)exemplars + RandomNegatives);
    }

    // The order of an epoch follows from the seed, its number, and what the batch that it begins in already holds.
    private void BeginEpoch()
    {
        for (int i = 0; i < _order.Length; i++)
            _order[i] = i;
        SplitMix64 random = new(_seed, OrderStream, (ulong)_epoch);
        random.Shuffle<int>(_order);

        int free = 0;
        int room = _carried.IsEmpty ? 0 : IdentitiesPerBatch - _carried.Length;
        for (int i = 0; free < room; i++)
        {
            if (_carried.Contains(_order[i]))
                continue;
            (_order[free], _order[i]) = (_order[i], _order[free]);
            free++;
        }
    }

    private void TakeIdentities()
    {
        for (int taken = 0; taken < _batch.Length; taken++)
        {
            if (_cursor == _order.Length)
            {
                _carried = [.. _batch.AsSpan(0, taken)];
                _cursor = 0;
                _epoch++;
                BeginEpoch();
            }

            _batch[taken] = _order[_cursor++];
            _inBatch[_batch[taken]] = true;
        }
    }

    /// <summary>Draws without replacement and puts the source back into its order, so that a batch depends on its number alone.</summary>
    private int Draw(ref SplitMix64 random, Span<int> source, int wanted, Span<int> drawn, bool skipBatch)
    {
        int count = 0, looked = 0;
        for (; looked < source.Length && count < wanted; looked++)
        {
            int at = looked + random.Next(source.Length - looked);
            _swaps[looked] = at;
            (source[looked], source[at]) = (source[at], source[looked]);
            int identity = _identityOfRow[source[looked]];
            if (!skipBatch || identity == NoIdentity || !_inBatch[identity])
                drawn[count++] = source[looked];
        }

        while (looked-- > 0)
            (source[looked], source[_swaps[looked]]) = (source[_swaps[looked]], source[looked]);
        return count;
    }
}
