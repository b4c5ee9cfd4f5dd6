using Tercet.Memory;

namespace Tercet.Backends.Cpu.Search;

/// <summary>The queries of a pass in 7 bits a component, |pᵢ| ≤ 64: four products with a row's unsigned codes fit int16 (4 · 127 · 64 &lt; 2¹⁵).</summary>
internal sealed unsafe class CodeQueries : IDisposable
{
    /// <summary>Queries are padded to a multiple of this, with zeros.</summary>
    public const int Group = 4;

    private const int LargestCode = 64;

    private PinnedBuffer<int> _codes = new(0);
    private PinnedBuffer<CodeQuery> _numbers = new(0);

    /// <summary>Groups of four dimensions.</summary>
    public int Quads { get; private set; }

    /// <summary>A query's codes, four dimensions an int32, <c>[CodeRows.Quads]</c>; the next query's follow.</summary>
    public int* Codes(int query) => (int*)_codes.DangerousGetAddress() + ((nint)query * Quads);

    /// <summary>A query's numbers; the next query's follow.</summary>
    public CodeQuery* Numbers(int query) => (CodeQuery*)_numbers.DangerousGetAddress() + query;

    /// <summary>Encodes every query.</summary>
    /// <param name="pass">The queries.</param>
    /// <param name="quads">Groups of four dimensions, as the rows' codes have them.</param>
    // SAFETY: the buffers hold a whole, zero-padded row of codes and its numbers for every query, up to a whole group.
    public void Load(SearchPass pass, int quads)
    {
        Quads = quads;
        int padded = (pass.Count + Group - 1) / Group * Group;
        PinnedBuffer.Grow(ref _codes, (long)padded * Quads);
        PinnedBuffer.Grow(ref _numbers, padded);
        new Span<int>(Codes(0), padded * Quads).Clear();
        for (int query = 0; query < padded; query++)
            *Numbers(query) = query < pass.Count ? Encode(pass, query) : default;
    }

    public void Dispose()
    {
        _codes.Dispose();
        _numbers.Dispose();
    }

    private CodeQuery Encode(SearchPass pass, int query)
    {
        int depth = pass.Gallery.Depth;
        float* y = pass.Query(query);
        double divisor = pass.Scale(query);
        float largest = 0;
        for (int k = 0; k < depth; k++)
            largest = Math.Max(largest, Math.Abs(y[k]));
        float scale = (float)(largest / divisor / LargestCode);
        double inverse = scale > 0 ? 1 / (divisor * scale) : 0;
        sbyte* codes = (sbyte*)Codes(query);
        double residual = 0;
        int sum = 0;
        for (int k = 0; k < depth; k++)
        {
            int code = Math.Clamp((int)Math.Round(y[k] * inverse), -LargestCode, LargestCode);
            codes[k] = (sbyte)code;
            sum += code;
            double lost = (y[k] / divisor) - ((double)scale * code);
            residual += lost * lost;
        }

        return new CodeQuery
        {
            Scale = scale,
            MinusNorm = -CodeRows.Above(pass.Norms[query] / divisor),
            MinusResidual = -CodeRows.Above(Math.Sqrt(residual)),
            MinusOffset = -CodeRows.Offset * sum,
        };
    }
}
