using CommunityToolkit.HighPerformance;
using Tercet.Mining;

namespace Tercet.Tests.Mining;

/// <summary>One generated input; its text is what a failing test prints, and enough to make it again.</summary>
internal sealed record MiningCase(RowKind Rows, LabelKind Labels, int N, int D, int Seed, int GalleryN = 0, bool WithAnchorRows = false)
{
    private static readonly int[] Sizes = [1, 2, 3, 4, 5, 7, 11, 12, 13, 15, 16, 17, 23, 24, 25, 31, 32, 33, 47, 48, 49, 64, 65, 97, 127, 128, 130];
    private static readonly int[] Depths = [1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 64, 100, 127, 128, 129, 255, 511, 513];

    public float[,] Anchors { get; private init; } = null!;

    public long[] AnchorLabels { get; private init; } = null!;

    public float[,] Gallery { get; private init; } = null!;

    public long[] GalleryLabels { get; private init; } = null!;

    public int[] AnchorRowNumbers { get; private init; } = [];

    public long? NegativeOnlyLabel { get; init; }

    public bool IsSquare => GalleryN == 0;

    /// <summary>Whether every squared distance is a small integer, exact in any arithmetic.</summary>
    public bool IsExact => Rows == RowKind.Lattice;

    public MiningInput Input => IsSquare
        ? MiningInput.Batch(Anchors.AsSpan2D(), AnchorLabels)
        : MiningInput.AgainstGallery(Anchors.AsSpan2D(), AnchorLabels, Gallery.AsSpan2D(), GalleryLabels, AnchorRowNumbers);

    /// <summary>A square case.</summary>
    public static MiningCase Square(RowKind rows, LabelKind labels, int n, int d, int seed)
    {
        (float[,] x, long[] y) = Generate(rows, labels, n, d, new Random(seed));
        return new MiningCase(rows, labels, n, d, seed)
        {
            Anchors = x,
            AnchorLabels = y,
            Gallery = x,
            GalleryLabels = y,
            NegativeOnlyLabel = labels == LabelKind.NegativeOnly ? -1 : null,
        };
    }

    /// <summary>Anchors against a gallery: every other anchor is a gallery row, and the call knows which where <paramref name="withAnchorRows"/> is set.</summary>
    public static MiningCase Rectangular(RowKind rows, LabelKind labels, int anchors, int gallery, int d, int seed, bool withAnchorRows)
    {
        var random = new Random(seed);
        (float[,] all, long[] y) = Generate(rows, labels, anchors + gallery, d, random);
        int[] order = [.. Enumerable.Range(0, anchors + gallery)];
        random.Shuffle(order);
        (float[,] x, long[] xLabels) = (Select(all, order[..anchors]), [.. order[..anchors].Select(row => y[row])]);
        (float[,] g, long[] gLabels) = (Select(all, order[anchors..]), [.. order[anchors..].Select(row => y[row])]);
        int[] anchorRows = new int[anchors];
        Array.Fill(anchorRows, -1);
        for (int a = 0; a < anchors; a += 2)
        {
            anchorRows[a] = random.Next(gallery);
            xLabels[a] = gLabels[anchorRows[a]];
            for (int k = 0; k < d; k++)
                x[a, k] = g[anchorRows[a], k];
        }

        return new MiningCase(rows, labels, anchors, d, seed, gallery, withAnchorRows)
        {
            Anchors = x,
            AnchorLabels = xLabels,
            Gallery = g,
            GalleryLabels = gLabels,
            AnchorRowNumbers = withAnchorRows ? anchorRows : [],
            NegativeOnlyLabel = labels == LabelKind.NegativeOnly ? -1 : null,
        };
    }

    /// <summary>Cases drawn from the whole grid; the same ones for the same seed. Every fourth is rectangular.</summary>
    public static IEnumerable<MiningCase> Sample(int count, int seed)
    {
        var random = new Random(seed);
        RowKind[] rowKinds = Enum.GetValues<RowKind>();
        LabelKind[] labelKinds = Enum.GetValues<LabelKind>();
        for (int i = 0; i < count; i++)
        {
            // Kinds in turn, so that a short sample still meets all of them; sizes at random.
            RowKind rows = rowKinds[i % rowKinds.Length];
            LabelKind labels = random.Next(3) == 0 ? labelKinds[i % labelKinds.Length] : random.GetItems([LabelKind.Few, LabelKind.Large, LabelKind.Uneven, LabelKind.NegativeOnly], 1)[0];
            int n = random.GetItems(Sizes, 1)[0], d = random.GetItems(Depths, 1)[0];
            yield return i % 4 == 3
                ? Rectangular(rows, labels, n, random.GetItems(Sizes, 1)[0], d, random.Next(), random.Next(2) == 0)
                : Square(rows, labels, n, d, random.Next());
        }
    }

    /// <summary>A square case with given rows.</summary>
    public static MiningCase Of(float[,] rows, params long[] labels) => new(RowKind.Normal, LabelKind.Few, rows.GetLength(0), rows.GetLength(1), 0)
    {
        Anchors = rows,
        AnchorLabels = labels,
        Gallery = rows,
        GalleryLabels = labels,
    };

    /// <summary>The same case with other values in its rows.</summary>
    public MiningCase WithRows(float[,] anchors, float[,] gallery) => this with { Anchors = anchors, Gallery = gallery };

    /// <summary>The gallery row that an anchor is, −1 where it is none or nobody said.</summary>
    public int GalleryRowOf(int anchor) => IsSquare ? anchor : AnchorRowNumbers.Length == 0 ? -1 : AnchorRowNumbers[anchor];

    public bool SameGalleryRow(int i, int j) => Gallery.GetRow(i).ToArray().AsSpan().SequenceEqual(Gallery.GetRow(j).ToArray());

    public override string ToString() =>
        $"{Rows}, {Labels}, N = {N}, D = {D}, seed {Seed}" + (IsSquare ? string.Empty : $", gallery of {GalleryN}{(WithAnchorRows ? " with" : " without")} anchor rows");

    private static (float[,] Rows, long[] Labels) Generate(RowKind kind, LabelKind labelKind, int n, int d, Random random)
    {
        long[] labels = MiningData.Labels(labelKind, n, random);
        return (MiningData.Rows(kind, labels, d, random), labels);
    }

    private static float[,] Select(float[,] rows, int[] which)
    {
        float[,] selected = new float[which.Length, rows.GetLength(1)];
        for (int i = 0; i < which.Length; i++)
        {
            for (int k = 0; k < rows.GetLength(1); k++)
                selected[i, k] = rows[which[i], k];
        }

        return selected;
    }
}
