using System.Runtime.InteropServices;
using CommunityToolkit.HighPerformance;
using Tercet.Memory;
using Tercet.Search;

namespace Tercet.Backends.Cpu.Search.Cells;

/// <summary>
/// Deals rows out to cells, each to the centre that is nearest in float64 (of equal ones the first), and writes the cells as <see cref="CellShape"/> lays them out.
/// Holds 16 bytes a row.
/// </summary>
internal sealed class CellOrder
{
    private const int ChunkRows = 4096;

    private readonly CellRows _rows;
    private readonly PinnedMatrix _centres;
    private readonly int[] _starts;
    private readonly int[] _counts;
    private readonly float[] _norms;
    private readonly float[] _radii;
    private readonly int[] _order;

    private CellOrder(CellRows rows, PinnedMatrix centres, int threads, CellProgress progress)
    {
        (_rows, _centres) = (rows, centres);
        int cells = centres.Rows;
        (_starts, _counts, _norms) = (new int[cells + 1], new int[cells], new float[cells]);
        Neighbor[] nearest = Nearest(threads, progress);
        for (int cell = 0; cell < cells; cell++)
            _starts[cell + 1] = _starts[cell] + ((_counts[cell] + CodeRows.BlockRows - 1) / CodeRows.BlockRows);
        Shape = new CellShape(cells, _starts[cells], rows.Depth);
        _radii = new float[Shape.Places];
        _order = new int[Shape.Places];
        _radii.AsSpan().Fill(float.PositiveInfinity);
        _order.AsSpan().Fill(-1);
        int[] next = [.. _starts.Take(cells).Select(block => block * CodeRows.BlockRows)];
        for (int row = 0; row < nearest.Length; row++)
        {
            int place = next[nearest[row].Row]++;
            (_radii[place], _order[place]) = (nearest[row].Distance, row);
        }

        for (int cell = 0; cell < cells; cell++)
            Array.Sort(_radii, _order, _starts[cell] * CodeRows.BlockRows, _counts[cell]);
    }

    /// <summary>Where the parts come to lie.</summary>
    public CellShape Shape { get; }

    /// <summary>Makes cells.</summary>
    /// <param name="rows">The rows, at least one.</param>
    /// <param name="cells">Number of cells, at most as many as rows.</param>
    /// <param name="seed">What the training draws from.</param>
    /// <param name="threads">Threads to use.</param>
    /// <param name="progress">How far it is.</param>
    /// <param name="write">Called with the shape, once it is known; gives what receives the bytes.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static CellShape Build(CellRows rows, int cells, ulong seed, int threads, CellProgress progress, Func<CellShape, ByteSink> write)
    {
        using PinnedMatrix centres = CellTraining.Run(rows, cells, seed, threads, progress);
        CellOrder order = new(rows, centres, threads, progress);
        order.Write(write(order.Shape), progress);
        return order.Shape;
    }

    /// <summary>What finds the nearest of some centres.</summary>
    public static CpuSearch Search(PinnedMatrix centres, int threads) => new(centres.Span, new FlatIndexOptions { Metric = SearchMetric.Euclidean, Threads = threads });

    private Neighbor[] Nearest(int threads, CellProgress progress)
    {
        Neighbor[] nearest = new Neighbor[_rows.Count];
        double[] norms = new double[Math.Min(ChunkRows, _rows.Count)];
        using CpuSearch search = Search(_centres, threads);
        using PinnedMatrix chunk = new(norms.Length, _rows.Depth);
        for (int first = 0; first < nearest.Length; first += ChunkRows)
        {
            int count = Math.Min(ChunkRows, nearest.Length - first);
            for (int i = 0; i < count; i++)
                norms[i] = _rows.CopyScaled(first + i, chunk.Span.GetRowSpan(i));
            search.Run(chunk.Span[..count, ..], 1, new Span2D<Neighbor>(nearest, first, count, 1, 0), progress.Token);
            for (int i = 0; i < count; i++)
            {
                int cell = nearest[first + i].Row;
                _counts[cell]++;
                _norms[cell] = Math.Max(_norms[cell], CodeRows.Above(norms[i]));
            }

            progress.DealtOut(0.5 * (first + count) / nearest.Length);
        }

        return nearest;
    }

    private void Write(ByteSink sink, CellProgress progress)
    {
        long length = 0;
        Write<int>(sink, ref length, 0, _starts);
        Write<int>(sink, ref length, Shape.CountsAt, _counts);
        Write<float>(sink, ref length, Shape.NormsAt, _norms);
        Write<float>(sink, ref length, Shape.CentresAt, _centres.Buffer.Span);
        Write<float>(sink, ref length, Shape.RadiiAt, _radii);
        Write<int>(sink, ref length, Shape.RowsAt, _order);
        Write<byte>(sink, ref length, Shape.CodesAt, []);
        using CellCodes codes = new(_rows);
        for (int place = 0; place < _order.Length; place += CellCodes.ChunkRows)
        {
            sink(codes.Encode(_order.AsSpan(place, Math.Min(CellCodes.ChunkRows, _order.Length - place))));
            progress.Token.ThrowIfCancellationRequested();
            progress.DealtOut(0.5 + (0.5 * place / _order.Length));
        }
    }

    private static void Write<T>(ByteSink sink, ref long length, long offset, ReadOnlySpan<T> values)
        where T : unmanaged
    {
        sink(new byte[offset - length]);
        length = offset;
        for (; !values.IsEmpty; values = values[Math.Min(values.Length, 1 << 20)..])
        {
            ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(values[..Math.Min(values.Length, 1 << 20)]);
            sink(bytes);
            length += bytes.Length;
        }
    }
}
