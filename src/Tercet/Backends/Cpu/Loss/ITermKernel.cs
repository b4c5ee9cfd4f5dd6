namespace Tercet.Backends.Cpu.Loss;

/// <summary>What the loss over all triplets does with blocks of keys and weights, in one vector width. Counts of columns are multiples of it.</summary>
// SAFETY: every pointer is valid for the counts that its parameter states.
internal unsafe interface ITermKernel
{
    /// <summary>The vector width.</summary>
    int Width { get; }

    /// <summary>For every key of a row, how many of an anchor's thresholds lie above it.</summary>
    /// <param name="keys">The keys.</param>
    /// <param name="columns">How many.</param>
    /// <param name="tables">The anchor's tables.</param>
    /// <param name="tableCount">How many, at least 1.</param>
    /// <param name="slack">The anchor's slack.</param>
    /// <param name="smallKey">The anchor's bound of small keys.</param>
    /// <param name="counts">Receives the counts; any value where the key is doubtful.</param>
    /// <param name="doubtful">A word a vector, all 0 before: bit i is set where lane i's key is small, or as close to a threshold as the slack.</param>
    /// <param name="hasDoubts">Whether any bit is set.</param>
    /// <returns>Whether any count may be above 0.</returns>
    bool Count(float* keys, int columns, float* tables, int tableCount, float slack, float smallKey, float* counts, uint* doubtful, out bool hasDoubts);

    /// <summary>Adds a row of counts to an anchor's loss and to its tallies.</summary>
    /// <param name="keys">The keys.</param>
    /// <param name="columns">How many.</param>
    /// <param name="counts">How many thresholds lie above each.</param>
    /// <param name="reference">What distances are subtracted from.</param>
    /// <param name="takeRoots">Whether a distance is the root of its key.</param>
    /// <param name="tallies">The anchor's tallies; see <see cref="Tallies"/>.</param>
    /// <param name="lastTally">The index of the last one.</param>
    /// <returns>Σ count × (reference − distance).</returns>
    double Tally(float* keys, int columns, float* counts, float reference, bool takeRoots, int* tallies, int lastTally);

    /// <summary>Transposes a block; both counts are multiples of the width.</summary>
    void Transpose(float* source, nint sourceStride, int rows, int columns, float* destination, nint destinationStride);

    /// <summary><c>sum[i] += addend[i]</c>.</summary>
    void Add(float* sum, float* addend, int columns);

    /// <summary>Divides weights by the roots of their keys; 0 stays 0.</summary>
    /// <param name="weights">The weights.</param>
    /// <param name="keys">The keys.</param>
    /// <param name="columns">How many.</param>
    /// <param name="smallKey">The bound of small keys.</param>
    /// <param name="doubtful">A word a vector, all 0 before: bit i is set where lane i has a weight and a small key.</param>
    /// <returns>Whether any bit is set.</returns>
    bool DivideByRoots(float* weights, float* keys, int columns, float smallKey, uint* doubtful);

    /// <summary>Adds a row of weights to the sums of the columns.</summary>
    /// <returns>Their sum.</returns>
    double Sum(float* weights, int columns, float* columnSums);

    /// <summary><c>sums[r] += Σₖ weights[r · rowStep + k · depthStep] · rows[k]</c> for six r, over two vectors of dimensions.</summary>
    /// <param name="weights">The first weight.</param>
    /// <param name="rowStep">Floats from one r to the next.</param>
    /// <param name="depthStep">Floats from one k to the next.</param>
    /// <param name="rows">Two vectors of each row, one row after the other.</param>
    /// <param name="depth">Number of rows.</param>
    /// <param name="sums">The first sum.</param>
    /// <param name="sumStride">Floats from one sum to the next.</param>
    void AddWeighted(float* weights, nint rowStep, nint depthStep, float* rows, nint depth, float* sums, nint sumStride);
}
