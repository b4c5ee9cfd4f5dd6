namespace Tercet.Galleries.Segments;

/// <summary>Rows in ascending order of their ids, wherever they lie. A span is valid until the next call of the same method.</summary>
internal interface IRowSource
{
    /// <summary>Number of rows, left-out ones included.</summary>
    int Count { get; }

    /// <summary>Whether a row is to be left out.</summary>
    bool IsRemoved(int row);

    long Id(int row);

    ReadOnlySpan<float> Vector(int row);

    ReadOnlySpan<byte> Label(int row);

    ReadOnlySpan<byte> Source(int row);

    long Time(int row);

    ReadOnlySpan<byte> Digest(int row);
}
