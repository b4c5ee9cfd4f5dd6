using Tercet.Memory;
using Tercet.Search;
using Tercet.Threading;

namespace Tercet.Backends.Cpu.Search;

/// <summary>
/// The gallery in one byte a component, with a proven bound on what that loses. Row x is kept as q with |qᵢ| ≤ 63 and a scale s; its residual is
/// r = ‖x − s·q‖, evaluated in float64.
/// </summary>
/// <remarks>
/// With the query kept the same way (p, t, residual ρ): <c>x·y = s·t·(q·p) + s·q·(y − t·p) + (x − s·q)·y</c>, so by Cauchy and Schwarz
/// <c>|x·y − s·t·(q·p)| ≤ ‖s·q‖·ρ + r·‖y‖</c>: two numbers a row and two a query. Blocks of 16 rows: 16 factors, 16 biases, 16 residuals r and 16 norms
/// ‖s·q‖, then for every four dimensions four codes of each row. A code is stored as the unsigned byte q + 64, which <c>vpmaddubsw</c> wants; the sums
/// that come of it are exact, and what the 64 adds to them is one number a query: at most 65,536 · 127 · 64 + 65,536 · 64 · 64 &lt; 2³¹ in any partial sum.
/// Seven bits on either side are what lets four products add up in int16 (4 · 127 · 64 &lt; 2¹⁵): three multiplications for 128 products, against four of
/// float32 for 64.
/// </remarks>
internal sealed unsafe class CodeRows : ITeamJob, IDisposable
{
    public const int BlockRows = 16;
    public const int HeaderBytes = 4 * BlockRows * sizeof(float);
    public const int QuadBytes = 4 * BlockRows;

    /// <summary>What is added to a code so that it has no sign.</summary>
    public const int Offset = 64;

    public const int ChunkBlocks = 128;

    private const int LargestCode = 63;
    private const long LargestSegmentBytes = 1L << 30;

    private readonly GalleryRows _gallery;
    private readonly PinnedBuffer<byte>[] _segments;
    private readonly int _blocksPerSegment;
    private readonly byte* _mapped;

    // SAFETY: for the whole class, a segment holds whole blocks of BlockBytes bytes, and a chunk of blocks never crosses segments.
    public CodeRows(GalleryRows gallery, WorkerTeam team, int workers)
    {
        _gallery = gallery;
        Quads = QuadsOf(gallery.Depth);
        BlockBytes = BlockBytesOf(gallery.Depth);
        BlockCount = BlockCountOf(gallery.Count);
        _blocksPerSegment = (int)Math.Clamp(LargestSegmentBytes / BlockBytes / ChunkBlocks, 1, 1 << 20) * ChunkBlocks;
        _segments = new PinnedBuffer<byte>[(BlockCount + _blocksPerSegment - 1) / _blocksPerSegment];
        try
        {
            for (int i = 0; i < _segments.Length; i++)
                _segments[i] = new PinnedBuffer<byte>((int)(Math.Min(_blocksPerSegment, BlockCount - (i * _blocksPerSegment)) * BlockBytes));
            team.Run(this, (BlockCount + ChunkBlocks - 1) / ChunkBlocks, workers, CancellationToken.None);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    // SAFETY: as many blocks as the rows have lie there, mapped until this is disposed.

    /// <summary>Codes that lie in a file.</summary>
    public CodeRows(GalleryRows gallery, byte* blocks)
    {
        _gallery = gallery;
        Quads = QuadsOf(gallery.Depth);
        BlockBytes = BlockBytesOf(gallery.Depth);
        BlockCount = BlockCountOf(gallery.Count);
        (_blocksPerSegment, _segments) = (BlockCount, []);
        _mapped = blocks;
    }

    /// <summary>Number of blocks of 16 rows, an even one.</summary>
    public int BlockCount { get; }

    /// <summary>Bytes of a block.</summary>
    public nint BlockBytes { get; }

    /// <summary>Groups of four dimensions, an even number, padded with zeros.</summary>
    public int Quads { get; }

    /// <summary>A block; those of one chunk follow each other.</summary>
    public byte* Block(int index) => _mapped != null
        ? _mapped + (index * BlockBytes)
        : (byte*)_segments[index / _blocksPerSegment].DangerousGetAddress() + (index % _blocksPerSegment * BlockBytes);

    /// <summary>Groups of four dimensions, an even number, that rows of so many floats take.</summary>
    public static int QuadsOf(int depth) => (depth + 7) / 8 * 2;

    /// <summary>Bytes of a block of rows of so many floats.</summary>
    public static int BlockBytesOf(int depth) => HeaderBytes + (QuadsOf(depth) * QuadBytes);

    /// <summary>Blocks of so many rows.</summary>
    public static int BlockCountOf(int rows) => (int)(((long)rows + (2 * BlockRows) - 1) / (2 * BlockRows)) * 2;

    /// <summary>A float not below a value in float64, whose own rounding is allowed for.</summary>
    public static float Above(double value) => MathF.BitIncrement((float)(1.000001 * value));

    void ITeamJob.Execute(int worker, int item)
    {
        int end = (int)Math.Min(BlockCount, (item + 1L) * ChunkBlocks);
        for (int block = item * ChunkBlocks; block < end; block++)
        {
            for (int lane = 0; lane < BlockRows; lane++)
                Encode(block, lane);
        }
    }

    public void Dispose()
    {
        foreach (PinnedBuffer<byte>? segment in _segments)
            segment?.Dispose();
    }

    private void Encode(int block, int lane)
    {
        byte* target = Block(block);
        float* header = (float*)target + lane;
        int row = (block * BlockRows) + lane;

        // Padding, and rows that only float64 can score: never a hit.
        header[BlockRows] = float.PositiveInfinity;
        if (row >= _gallery.Count || float.IsPositiveInfinity(_gallery.Biases[row]))
            return;

        float* x = _gallery.Source[row];
        float largest = 0;
        for (int k = 0; k < _gallery.Depth; k++)
            largest = Math.Max(largest, Math.Abs(x[k]));
        float scale = largest / LargestCode;
        float inverse = scale > 0 ? 1 / scale : 0;
        double residual = 0;
        double squaredNorm = 0;
        long squaredCodes = 0;
        byte* codes = target + HeaderBytes + (4 * lane);
        for (int k = 0; k < _gallery.Depth; k++)
        {
            int code = float.IsFinite(inverse) ? Math.Clamp((int)MathF.Round(x[k] * inverse), -LargestCode, LargestCode) : 0;
            codes[((nint)(k >> 2) * QuadBytes) + (k & 3)] = (byte)(code + Offset);
            double lost = x[k] - ((double)scale * code);
            residual += lost * lost;
            squaredNorm += (double)x[k] * x[k];
            squaredCodes += code * code;
        }

        double norm = Math.Sqrt(squaredNorm);
        double divisor = _gallery.Metric == SearchMetric.Cosine && norm > 0 ? norm : 1;
        header[0] = (float)(-scale / divisor);
        header[BlockRows] = _gallery.Biases[row];
        header[2 * BlockRows] = Above(Math.Sqrt(residual) / divisor);
        header[3 * BlockRows] = Above(scale * Math.Sqrt(squaredCodes) / divisor);
    }
}
