using CommunityToolkit.HighPerformance;

namespace Tercet.Memory;

/// <summary>A row-major <c>[rows, columns]</c> matrix of float32 that owns its pinned memory.</summary>
public sealed class PinnedMatrix : IDisposable
{
    /// <summary>Allocates a zeroed matrix, or rents one of undefined content.</summary>
    /// <param name="rows">Number of rows, 0 or more.</param>
    /// <param name="columns">Number of columns, 0 or more.</param>
    /// <param name="pool">Where to rent the memory; <see langword="null"/> allocates it.</param>
    /// <exception cref="ArgumentOutOfRangeException">A dimension is negative, or the matrix has more than 2³¹ − 1 elements.</exception>
    /// <exception cref="OutOfMemoryException">The memory is not to be had.</exception>
    public PinnedMatrix(int rows, int columns, PinnedBufferPool? pool = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(columns);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((long)rows * columns, int.MaxValue, nameof(rows));
        Rows = rows;
        Columns = columns;
        Buffer = pool is null ? new PinnedBuffer<float>(rows * columns) : pool.Rent<float>(rows * columns);
    }

    /// <summary>Number of rows.</summary>
    public int Rows { get; }

    /// <summary>Number of columns.</summary>
    public int Columns { get; }

    /// <summary>The memory; disposed with the matrix.</summary>
    public PinnedBuffer<float> Buffer { get; }

    /// <summary>The elements, <c>[rows, columns]</c>.</summary>
    /// <exception cref="ObjectDisposedException">The matrix has been disposed.</exception>
    public Span2D<float> Span => Buffer.AsMatrix(Rows, Columns);

    /// <summary>Gives the memory back. Further calls do nothing.</summary>
    public void Dispose() => Buffer.Dispose();
}
