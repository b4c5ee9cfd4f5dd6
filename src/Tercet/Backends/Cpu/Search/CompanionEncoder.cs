using CommunityToolkit.HighPerformance;
using Tercet.Search;
using Tercet.Threading;

namespace Tercet.Backends.Cpu.Search;

/// <summary>Makes a companion a chunk of rows at a time, so that neither the rows nor the companion need be in memory whole. The bytes are those of one piece.</summary>
internal sealed unsafe class CompanionEncoder(int depth, SearchMetric metric) : IDisposable
{
    /// <summary>Rows of every chunk but the last.</summary>
    public const int ChunkRows = CodeRows.ChunkBlocks * CodeRows.BlockRows;

    private readonly WorkerTeam _team = new();
    private GalleryRows? _rows;
    private CodeRows? _codes;

    /// <summary>The chunk's factors, or biases, without padding.</summary>
    public ReadOnlySpan<float> Factors => new(_rows!.Factors, _rows.Count);

    /// <inheritdoc cref="Factors"/>
    public ReadOnlySpan<float> Biases => new(_rows!.Biases, _rows.Count);

    /// <summary>The chunk's code blocks; empty where they were not asked for.</summary>
    public ReadOnlySpan<byte> Codes => _codes is null ? default : new(_codes.Block(0), (int)(_codes.BlockCount * _codes.BlockBytes));

    /// <summary>The largest norm so far.</summary>
    public double GreatestNorm { get; private set; }

    /// <summary>Encodes a chunk; what the last one gave is gone.</summary>
    /// <param name="rows">At most <see cref="ChunkRows"/> rows, finite.</param>
    /// <param name="codes">Whether code blocks are wanted.</param>
    /// <exception cref="ArgumentException">A row is not finite, or its norm is too large or, under cosine, too small to be scaled.</exception>
    // SAFETY: the rows are pinned while they are read, and nothing looks at them afterwards; the spans above are of memory that lives to the next call.
    public void Encode(ReadOnlySpan2D<float> rows, bool codes)
    {
        Release();
        fixed (float* first = &rows.DangerousGetReference())
        {
            SourceRows source = SourceRows.Of(rows, first);
            _rows = new GalleryRows(source, rows.Height, depth, metric, _team, 1);
            if (_rows.Unscored.Length > 0)
                throw new ArgumentException($"'rows' has a norm below 2^-60 in row {_rows.Unscored[0]}; scale the rows, or use another metric than cosine.", nameof(rows));
            if (codes)
                _codes = new CodeRows(_rows, _team, 1);
        }

        GreatestNorm = Math.Max(GreatestNorm, _rows.GreatestNorm);
    }

    public void Dispose()
    {
        Release();
        _team.Dispose();
    }

    private void Release()
    {
        _codes?.Dispose();
        _codes = null;
        _rows?.Dispose();
        _rows = null;
    }
}
