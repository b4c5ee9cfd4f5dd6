using Tercet.Memory;

namespace Tercet.Backends.Cpu.Search;

/// <summary>The queries of a pass in 16 bits a component: pairs of dimensions, a scale and a norm each.</summary>
internal sealed unsafe class CodeQueries : IDisposable
{
    private const int LargestCode = short.MaxValue;

    private PinnedBuffer<int> _pairs = new(0);
    private PinnedBuffer<float> _numbers = new(0);
    private int* _first;
    private float* _scales;
    private int _pairCount;
    private int _count;

    /// <summary>A query's pairs, <c>[CodeRows.Pairs]</c>.</summary>
    public int* Pairs(int query) => _first + ((nint)query * _pairCount);

    /// <summary>What one unit of a query's codes is worth.</summary>
    public float Scale(int query) => _scales[query];

    /// <summary>An upper bound of a query's norm, after scaling.</summary>
    public float Norm(int query) => _scales[_count + query];

    /// <summary>Encodes every query.</summary>
    /// <returns>Whether each keeps within the residual that the rows' bounds allow for; if not, the codes must not be used.</returns>
    // SAFETY: the buffers hold a whole, zero-padded row of pairs and two numbers for every query.
    public bool TryLoad(SearchPass pass, CodeRows rows)
    {
        _pairCount = rows.Pairs;
        _count = pass.Count;
        PinnedBuffer.Grow(ref _pairs, (long)_count * _pairCount);
        PinnedBuffer.Grow(ref _numbers, 2L * _count);
        _first = (int*)_pairs.DangerousGetAddress();
        _scales = (float*)_numbers.DangerousGetAddress();
        for (int query = 0; query < _count; query++)
        {
            if (!TryEncode(pass, rows, query))
                return false;
        }

        return true;
    }

    public void Dispose()
    {
        _pairs.Dispose();
        _numbers.Dispose();
    }

    private bool TryEncode(SearchPass pass, CodeRows rows, int query)
    {
        int depth = pass.Gallery.Depth;
        float* y = pass.Query(query);
        double divisor = pass.Scale(query);
        double norm = pass.Norms[query] / divisor;
        double largest = 0;
        for (int k = 0; k < depth; k++)
            largest = Math.Max(largest, Math.Abs((double)y[k]));
        float scale = (float)Math.Max(largest / divisor / LargestCode, norm * rows.GreatestCodeNorm / (0.99 * int.MaxValue));
        short* codes = (short*)Pairs(query);
        new Span<int>(codes, _pairCount).Clear();
        double residual = 0;
        for (int k = 0; k < depth; k++)
        {
            double component = y[k] / divisor;
            int code = scale > 0 ? (int)Math.Clamp(Math.Round(component / scale), -LargestCode, LargestCode) : 0;
            codes[k] = (short)code;
            double lost = component - ((double)scale * code);
            residual += lost * lost;
        }

        _scales[query] = scale;
        _scales[_count + query] = MathF.BitIncrement((float)(1.000001 * norm));
        return Math.Sqrt(residual) <= rows.QueryResidual * norm;
    }
}
