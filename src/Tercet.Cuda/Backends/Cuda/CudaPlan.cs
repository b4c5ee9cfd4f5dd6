namespace Tercet.Backends.Cuda;

/// <summary>Sizes of what the kernels work on; no device is needed to compute them.</summary>
internal static class CudaPlan
{
    /// <summary>Rows of a panel, as in native/kernels/arguments.h.</summary>
    public const int PanelRows = 128;

    /// <summary>Candidates of an anchor, as there.</summary>
    public const int Candidates = 32;

    /// <summary>Groups of gallery rows that bound a query's nearest rows, as there.</summary>
    public const int NearestGroups = 128;

    /// <summary>Candidates of a query for its nearest rows, as there.</summary>
    public const int NearestCandidates = 128;

    /// <summary>The most nearest rows that are asked for, as there.</summary>
    public const int MostNearest = 32;

    /// <summary>Dimensions that a block takes the moments of, as there.</summary>
    public const int MomentDimensions = 32;

    /// <summary>Threads of every kernel's block.</summary>
    public const int Threads = 256;

    /// <summary>Threads of a block of the pass by warp groups, as in native/kernels/tile_wgmma.h.</summary>
    public const int WarpGroupThreads = 384;

    /// <summary>Its dynamic shared memory, as there: fourteen images, and the barriers that they arrive at.</summary>
    public const int WarpGroupShared = (14 * ImageBytes) + 336;

    /// <summary>The most blocks of a grid's second dimension.</summary>
    public const int LargestGridRows = 65535;

    private const int ClusterBlocks = 2;
    private const int ImageBytes = 16384;
    private const int ImageDepth = 64;
    private const int MomentRows = 512;
    private const int DepthStep = 8;
    private const int HalfDepth = 16;
    private const int PairLanes = 16;
    private const int Warp = 32;

    // The best, the count, the candidates, the answer and its key.
    private const int BucketBytes = sizeof(uint) + sizeof(int) + (Candidates * sizeof(ulong)) + sizeof(int) + sizeof(double);
    private const double UnitRoundoff = 1.0 / (1 << 24);

    /// <summary>Panels that a number of rows takes.</summary>
    public static int Panels(int rows) => (rows + PanelRows - 1) / PanelRows;

    /// <summary>A row's dimension, padded as panels hold it.</summary>
    public static int PaddedDepth(int depth) => (depth + DepthStep - 1) / DepthStep * DepthStep;

    /// <summary>Steps of 16 components in which tensor cores take a row.</summary>
    public static int HalfSteps(int depth) => (depth + HalfDepth - 1) / HalfDepth;

    /// <summary>Floats of that many rows' panels.</summary>
    public static long PanelFloats(int rows, int depth) => (long)Panels(rows) * PanelRows * PaddedDepth(depth);

    /// <summary>Tiles of the fused pass: all pairs of panels, or the upper triangle over the anchors' panels and whole columns beyond.</summary>
    /// <exception cref="CudaException">More tiles than a grid has blocks.</exception>
    public static int Tiles(int anchors, int gallery, bool symmetric)
    {
        long rows = Panels(anchors);
        long columns = Panels(gallery);
        long tiles = symmetric ? (rows * (rows + 1) / 2) + (rows * (columns - rows)) : rows * columns;
        return tiles <= int.MaxValue ? (int)tiles : throw new CudaException($"{anchors} anchors against {gallery} rows are {tiles} tiles, more than one grid holds; mine in batches of anchors.");
    }

    /// <summary>Blocks in which sixteen threads each do one anchor.</summary>
    public static int DecideBlocks(int anchors) => (anchors + (Threads / PairLanes) - 1) / (Threads / PairLanes);

    /// <summary>Blocks in which one warp each does one anchor.</summary>
    public static int WarpBlocks(int anchors) => (anchors + (Threads / Warp) - 1) / (Threads / Warp);

    /// <summary>Segments of rows that moments are taken of.</summary>
    public static int MomentSegments(int rows) => (rows + MomentRows - 1) / MomentRows;

    /// <summary>Blocks of dimensions that moments are taken of.</summary>
    public static int MomentBlocks(int depth) => (depth + MomentDimensions - 1) / MomentDimensions;

    /// <summary>The most panels of anchors whose rows of keys fit a budget of bytes; at least one.</summary>
    public static int ChunkPanels(int anchors, int gallery, long budget)
    {
        long panelBytes = (long)PanelRows * Panels(gallery) * PanelRows * sizeof(float);
        return (int)Math.Clamp(budget / panelBytes, 1, Panels(anchors));
    }

    /// <summary>How many anchors from a panel's first on have buckets that fit a budget of bytes: whole panels, at least one, or what there is.</summary>
    /// <param name="pairOffsets">Positive pairs of the anchors before, one more than there are anchors.</param>
    /// <param name="first">The first anchor.</param>
    /// <param name="budget">Bytes.</param>
    public static int BucketAnchors(ReadOnlySpan<long> pairOffsets, int first, long budget)
    {
        int anchors = pairOffsets.Length - 1;
        int end = Math.Min(anchors, first + PanelRows);
        while (end < anchors)
        {
            int next = Math.Min(anchors, end + PanelRows);
            if (Buckets(pairOffsets, first, next - first) * BucketBytes > budget)
                break;
            end = next;
        }

        return end - first;
    }

    /// <summary>Buckets of that many anchors: one for each number of nearer positives, and one for the farthest negative.</summary>
    public static long Buckets(ReadOnlySpan<long> pairOffsets, int first, int count) => pairOffsets[first + count] - pairOffsets[first] + (2L * count);

    /// <summary>
    /// The slope of the keys' error over the sum of two rows' terms. A tile accumulates Σ x·y in D roundings of partial sums that never exceed
    /// (‖x‖² + ‖y‖²)/2, and adds the rounded terms with two roundings of at most twice their sum: less than (D + 4)·2⁻²⁴ of the sum for squared Euclidean
    /// distances, and as much for cosine ones, whose rows are rounded once more. What is beyond, (D + 8)·2⁻²⁴ with 1 % for the second order, is for the
    /// roundings of those who compare keys.
    /// </summary>
    public static float ToleranceSlope(int depth) => (float)(1.01 * (depth + 8) * UnitRoundoff);

    /// <summary>
    /// The same for the tensor cores' keys. A product of 16 components adds at most 20 terms, whatever the order of a card's sums, each cut to 2⁻²³ of what the
    /// largest may be. Every step s of 16 components begins at zero with the two products whose one factor is a remainder, at most 2⁻¹¹ of the row; so that the
    /// third is cut to ‖xₛ‖‖yₛ‖, and the first two to 2⁻¹⁰ of it: 40.2·2⁻²⁴·‖xₛ‖‖yₛ‖ a step, and, since Σ‖xₛ‖‖yₛ‖ ≤ ‖x‖‖y‖, 40.2·2⁻²⁴·‖x‖‖y‖ in all, however many steps there
    /// are. Adding the steps up rounds to 2⁻²⁴ of ‖x‖‖y‖ once a step; the split leaves out 3.1·2⁻²² of it; the terms' and the comparers' roundings are 8 as above.
    /// </summary>
    public static float TensorCoreSlope(int depth) => (float)(1.01 * (HalfSteps(depth) + 61) * UnitRoundoff);

    /// <summary>
    /// The same for warp groups' keys, beside what the rows' rounding adds: 20 terms a product of 16 components, cut to 2⁻²³ of ‖x‖‖y‖, are 2.5·2⁻²⁴ a component; the terms'
    /// and the keys' roundings are 8.
    /// </summary>
    public static float WarpGroupSlope(int depth) => (float)(1.01 * ((2.5 * HalfSteps(depth) * HalfDepth) + 9) * UnitRoundoff);

    /// <summary>Bytes of that many rows' float16 images.</summary>
    public static long ImagesBytes(int rows, int depth) => (long)Panels(rows) * ((depth + ImageDepth - 1) / ImageDepth) * ImageBytes;

    /// <summary>Blocks of the pass by warp groups, in whole clusters: no more than there are multiprocessors, or jobs of two row panels and two column panels to share among them.</summary>
    public static int WarpGroupBlocks(int anchors, int gallery, bool symmetric, int multiprocessors)
    {
        long rows = (Panels(anchors) + 1) / 2, columns = (Panels(gallery) + 1) / 2;
        long jobs = (rows * columns) - (symmetric ? rows * (rows - 1) / 2 : 0);
        return ClusterBlocks * (int)Math.Min(Math.Max(1, multiprocessors / ClusterBlocks), jobs);
    }

    /// <summary>Bytes of that many rows' float16 pairs: hi and lo of 16 components a step.</summary>
    public static long FragmentBytes(int rows, int depth) => (long)Panels(rows) * PanelRows * HalfSteps(depth) * HalfDepth * 2 * sizeof(ushort);

    /// <summary>What underflow loses.</summary>
    public static float ToleranceConstant(int depth) => (float)(2.02 * ((0.5 * depth) + 4) * float.Epsilon);
}
