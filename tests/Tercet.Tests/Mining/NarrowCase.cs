using Tercet.Memory;
using Tercet.Mining;

namespace Tercet.Tests.Mining;

/// <summary>A case whose rows are of 16 bits a component, and the same values as float32, which the oracle sees.</summary>
internal sealed class NarrowCase
{
    private readonly ushort[,] _anchors;
    private readonly ushort[,] _gallery;
    private readonly RowFormat _format;

    public NarrowCase(MiningCase source, RowFormat format)
    {
        _format = format;
        (_anchors, float[,] anchors) = Round(source.Anchors);
        (_gallery, float[,] gallery) = source.IsSquare ? (_anchors, anchors) : Round(source.Gallery);
        Wide = source.WithRows(anchors, gallery);
    }

    public MiningCase Wide { get; }

    public MiningInput Input => Wide.IsSquare
        ? MiningInput.Batch(Rows(_anchors), Wide.AnchorLabels)
        : MiningInput.AgainstGallery(Rows(_anchors), Wide.AnchorLabels, Rows(_gallery), Wide.GalleryLabels, Wide.AnchorRowNumbers);

    public Triplet[] Mine(TripletMiner miner, MiningOptions options, out MiningStatistics statistics)
    {
        options = options with { NegativeOnlyLabel = Wide.NegativeOnlyLabel };
        Triplet[] triplets = new Triplet[miner.Capacity(Input, options)];
        return triplets[..miner.Mine(Input, options, triplets, out statistics, TestContext.Current.CancellationToken)];
    }

    private NarrowRows Rows(ushort[,] bits)
    {
        if (_format == RowFormat.Binary16)
            return NarrowRows.Of(Converted(bits, BitConverter.UInt16BitsToHalf));
        return NarrowRows.Of(Converted(bits, BFloat16.FromBits));
    }

    private static T[,] Converted<T>(ushort[,] bits, Func<ushort, T> convert)
    {
        T[,] rows = new T[bits.GetLength(0), bits.GetLength(1)];
        for (int i = 0; i < rows.GetLength(0); i++)
        {
            for (int k = 0; k < rows.GetLength(1); k++)
                rows[i, k] = convert(bits[i, k]);
        }

        return rows;
    }

    private (ushort[,] Bits, float[,] Values) Round(float[,] rows)
    {
        ushort[,] bits = new ushort[rows.GetLength(0), rows.GetLength(1)];
        float[,] values = new float[rows.GetLength(0), rows.GetLength(1)];
        for (int i = 0; i < rows.GetLength(0); i++)
        {
            for (int k = 0; k < rows.GetLength(1); k++)
            {
                bits[i, k] = _format == RowFormat.Binary16 ? BitConverter.HalfToUInt16Bits((Half)rows[i, k]) : ((BFloat16)rows[i, k]).Bits;
                values[i, k] = _format == RowFormat.Binary16 ? (float)BitConverter.UInt16BitsToHalf(bits[i, k]) : BFloat16.FromBits(bits[i, k]);
            }
        }

        return (bits, values);
    }
}
