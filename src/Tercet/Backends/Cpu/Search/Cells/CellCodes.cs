using Tercet.Memory;
using Tercet.Threading;

namespace Tercet.Backends.Cpu.Search.Cells;

/// <summary>Codes of rows in the order of places, a chunk at a time; those of padding never hit.</summary>
internal sealed unsafe class CellCodes(CellRows rows) : IDisposable
{
    /// <summary>Places of every chunk but the last.</summary>
    public const int ChunkRows = CodeRows.ChunkBlocks * CodeRows.BlockRows;

    private readonly WorkerTeam _team = new();
    private readonly PinnedMatrix _chunk = new(ChunkRows, rows.Depth);
    private GalleryRows? _gallery;
    private CodeRows? _codes;

    /// <summary>Encodes the rows at some places.</summary>
    /// <param name="places">The row of each place, −1 for none; whole blocks.</param>
    /// <returns>The blocks, valid until the next call.</returns>
    // SAFETY: the chunk is native memory that lives as long as this; what is returned is of memory that lives to the next call.
    public ReadOnlySpan<byte> Encode(ReadOnlySpan<int> places)
    {
        Release();
        for (int i = 0; i < places.Length; i++)
        {
            if (places[i] >= 0)
                rows.Copy(places[i], _chunk.Span.GetRowSpan(i));
            else
                _chunk.Span.GetRowSpan(i).Clear();
        }

        SourceRows source = new((float*)_chunk.Buffer.DangerousGetAddress(), rows.Depth);
        _gallery = new GalleryRows(source, places.Length, rows.Depth, rows.Metric, _team, 1);
        for (int i = 0; i < places.Length; i++)
        {
            if (places[i] < 0)
                _gallery.Biases[i] = float.PositiveInfinity;
        }

        _codes = new CodeRows(_gallery, _team, 1);
        return new ReadOnlySpan<byte>(_codes.Block(0), (int)(places.Length / CodeRows.BlockRows * _codes.BlockBytes));
    }

    public void Dispose()
    {
        Release();
        _chunk.Dispose();
        _team.Dispose();
    }

    private void Release()
    {
        _codes?.Dispose();
        _codes = null;
        _gallery?.Dispose();
        _gallery = null;
    }
}
