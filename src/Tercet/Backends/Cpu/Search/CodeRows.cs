using Tercet.Memory;
using Tercet.Search;

namespace Tercet.Backends.Cpu.Search;

/// <summary>
/// The gallery in one byte a component, with a proven bound on what that loses. Row x is kept as q with |qᵢ| ≤ 127 and a scale s; its residual is
/// r = ‖x − s·q‖, evaluated in float64.
/// </summary>
/// <remarks>
/// With the query kept the same way (p, t, residual ρ): <c>x·y = s·t·(q·p) + s·q·(y − t·p) + (x − s·q)·y</c>, so by Cauchy and Schwarz
/// <c>|x·y − s·t·(q·p)| ≤ ‖s·q‖·ρ + r·‖y‖ ≤ (r + (‖x‖ + r)·κ)·‖y‖</c> where ρ ≤ κ‖y‖. A query of 16 bits has ρ ≤ √D/65,534·‖y‖, so κ is known beforehand and the
/// bound is one number a row. Blocks of 16 rows: 16 factors, 16 biases, 16 errors, then for every pair of dimensions two codes of each row.
/// The integer sums are exact: the query's scale keeps ‖q‖‖p‖ below 2³¹, which bounds every partial sum.
/// </remarks>
internal sealed unsafe class CodeRows : ITeamJob, IDisposable
{
    public const int BlockRows = 16;
    public const int HeaderBytes = 3 * BlockRows * sizeof(float);
    public const int PairBytes = 2 * BlockRows;
    public const int ChunkBlocks = 16;

    private const int LargestCode = 127;
    private const long LargestSegmentBytes = 1L << 30;
    private const int ChunksPerItem = 4;

    private readonly GalleryRows _gallery;
    private readonly PinnedBuffer<byte>[] _segments;
    private readonly int _blocksPerSegment;
    private readonly Lock _lock = new();
    private double _greatestCodeNorm;

    // SAFETY: for the whole class, a segment holds whole blocks of BlockBytes bytes, and a chunk of blocks never crosses segments.
    public CodeRows(GalleryRows gallery, WorkerTeam team, int workers)
    {
        _gallery = gallery;
        Pairs = (gallery.Depth + 7) / 8 * 4;
        BlockBytes = HeaderBytes + ((long)Pairs * PairBytes);
        BlockCount = (int)(((long)gallery.Count + BlockRows - 1) / BlockRows);
        _blocksPerSegment = (int)Math.Clamp(LargestSegmentBytes / BlockBytes / ChunkBlocks, 1, 1 << 20) * ChunkBlocks;
        _segments = new PinnedBuffer<byte>[(BlockCount + _blocksPerSegment - 1) / _blocksPerSegment];
        try
        {
            for (int i = 0; i < _segments.Length; i++)
                _segments[i] = new PinnedBuffer<byte>((int)(Math.Min(_blocksPerSegment, BlockCount - (i * _blocksPerSegment)) * BlockBytes));
            int chunks = (BlockCount + ChunkBlocks - 1) / ChunkBlocks;
            team.Run(this, (chunks + ChunksPerItem - 1) / ChunksPerItem, workers, CancellationToken.None);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Number of blocks of 16 rows.</summary>
    public int BlockCount { get; }

    /// <summary>Bytes of a block.</summary>
    public long BlockBytes { get; }

    /// <summary>Pairs of dimensions, padded with zeros to a multiple of 4.</summary>
    public int Pairs { get; }

    /// <summary>The largest norm of a row of codes.</summary>
    public double GreatestCodeNorm => _greatestCodeNorm;

    /// <summary>The part κ of the bound that is set aside for the query's own residual.</summary>
    public double QueryResidual => Math.Sqrt(_gallery.Depth) / 65000.0;

    /// <summary>A block; those of one chunk follow each other.</summary>
    public byte* Block(int index) =>
        (byte*)_segments[index / _blocksPerSegment].DangerousGetAddress() + (index % _blocksPerSegment * (nint)BlockBytes);

    /// <summary>The bound of a row's error, for a query of norm 1.</summary>
    public float ErrorOf(int row) => ((float*)Block(row / BlockRows))[(2 * BlockRows) + (row % BlockRows)];

    void ITeamJob.Execute(int worker, int item)
    {
        double greatest = 0;
        int end = (int)Math.Min(BlockCount, (item + 1L) * ChunksPerItem * ChunkBlocks);
        for (int block = item * ChunksPerItem * ChunkBlocks; block < end; block++)
        {
            for (int lane = 0; lane < BlockRows; lane++)
                greatest = Math.Max(greatest, Encode(block, lane));
        }

        lock (_lock)
            _greatestCodeNorm = Math.Max(_greatestCodeNorm, greatest);
    }

    public void Dispose()
    {
        foreach (PinnedBuffer<byte>? segment in _segments)
            segment?.Dispose();
    }

    private double Encode(int block, int lane)
    {
        byte* target = Block(block);
        float* header = (float*)target + lane;
        int row = (block * BlockRows) + lane;

        // Padding, and rows that only float64 can score: never a hit.
        header[BlockRows] = float.PositiveInfinity;
        if (row >= _gallery.Count || float.IsPositiveInfinity(_gallery.Biases[row]))
            return 0;

        float* x = _gallery.Source[row];
        float largest = 0;
        for (int k = 0; k < _gallery.Depth; k++)
            largest = Math.Max(largest, Math.Abs(x[k]));
        float scale = largest / LargestCode;
        float inverse = scale > 0 ? 1 / scale : 0;
        double residual = 0;
        double squaredNorm = 0;
        long squaredCodes = 0;
        sbyte* codes = (sbyte*)target + HeaderBytes + (2 * lane);
        for (int k = 0; k < _gallery.Depth; k++)
        {
            int code = float.IsFinite(inverse) ? Math.Clamp((int)MathF.Round(x[k] * inverse), -LargestCode, LargestCode) : 0;
            codes[((nint)(k >> 1) * PairBytes) + (k & 1)] = (sbyte)code;
            double lost = x[k] - ((double)scale * code);
            residual += lost * lost;
            squaredNorm += (double)x[k] * x[k];
            squaredCodes += code * code;
        }

        residual = Math.Sqrt(residual);
        double norm = Math.Sqrt(squaredNorm);
        double divisor = _gallery.Metric == SearchMetric.Cosine && norm > 0 ? norm : 1;
        header[0] = (float)(-scale / divisor);
        header[BlockRows] = _gallery.Biases[row];
        header[2 * BlockRows] = MathF.BitIncrement((float)(1.000001 * (residual + ((norm + residual) * QueryResidual)) / divisor));
        return Math.Sqrt(squaredCodes);
    }
}
