namespace Tercet.Backends.Cpu.Loss;

/// <summary>What the loss over all triplets does with blocks of keys and weights, in one vector width. Counts of columns are multiples of it.</summary>
// SAFETY: every pointer is valid for the counts that its parameter states.
internal unsafe interface ITermKernel
{
    /// <summary>The vector width.</summary>
    int Width { get; }

    /// <summary>Sums that <see cref="AddWeighted"/> adds to at a time, at most 12 and a divisor of 12.</summary>
    int Strip { get; }

    /// <summary>For every key of a row, how many of an anchor's thresholds lie above it.</summary>
    /// <param name="keys">The keys.</param>
    /// <param name="columns">How many.</param>
    /// <param name="tables">The anchor's tables.</param>
    /// <param name="tableCount">How many, at least 1.</param>
    /// <param name="slack">The anchor's slack.</param>
    /// <param name="smallKey">The anchor's bound of small keys.</param>
    /// <param name="counts">Receives the counts; where the key is doubtful the largest that it can be.</param>
    /// <param name="doubtful">Receives a word a vector: bit i is set where lane i's key is small, or as close to a threshold as the slack.</param>
    /// <returns>Whether any count may be above 0.</returns>
    bool Count(float* keys, int columns, float* tables, int tableCount, float slack, float smallKey, float* counts, uint* doubtful);

    /// <summary>Whether <see cref="CountWords"/> may be called.</summary>
    bool CountsWords { get; }

    /// <summary>Does what <see cref="Count"/> and <see cref="Tally"/> do, with an anchor's thresholds as words; not more than 192 columns.</summary>
    /// <param name="keys">The keys.</param>
    /// <param name="columns">How many.</param>
    /// <param name="terms">The anchor's thresholds as words, and its bounds.</param>
    /// <param name="thresholds">Its thresholds as keys, and infinity behind them.</param>
    /// <param name="counts">Receives the counts; where the key is doubtful the largest that it can be.</param>
    /// <param name="doubtful">Receives a word a vector, as from <see cref="Count"/>, but a few more keys may be doubtful.</param>
    /// <param name="tallies">The anchor's tallies.</param>
    /// <returns>Whether any key is doubtful.</returns>
    bool CountWords(float* keys, int columns, in AnchorTerms terms, float* thresholds, float* counts, uint* doubtful, int* tallies);

    /// <summary>Adds a row of counts to an anchor's tallies.</summary>
    /// <param name="columns">How many.</param>
    /// <param name="counts">How many thresholds lie above each key.</param>
    /// <param name="places">Room for as many integers as there are columns.</param>
    /// <param name="tallies">The anchor's tallies.</param>
    void Tally(int columns, float* counts, int* places, Tallies tallies);

    /// <summary>Adds to a row of weights what the columns have counted.</summary>
    /// <param name="weights">The weights.</param>
    /// <param name="addends">What is added.</param>
    /// <param name="keys">The pairs' keys.</param>
    /// <param name="columns">How many.</param>
    /// <param name="reference">What distances are subtracted from.</param>
    /// <param name="takeRoots">Whether a distance is the root of its key.</param>
    /// <param name="sum">The weights' sum.</param>
    /// <returns>Σ weight × (reference − distance).</returns>
    double Combine(float* weights, float* addends, float* keys, int columns, float reference, bool takeRoots, out double sum);

    /// <summary>Asks for floats to be brought into the cache; does nothing where the processor has no such instruction.</summary>
    void Prefetch(float* source, int count);

    /// <summary>Divides weights by the roots of their keys; 0 stays 0.</summary>
    /// <param name="weights">The weights.</param>
    /// <param name="keys">The keys.</param>
    /// <param name="columns">How many.</param>
    /// <param name="smallKey">The bound of small keys.</param>
    /// <param name="doubtful">A word a vector, all 0 before: bit i is set where lane i has a weight and a small key.</param>
    /// <returns>Whether any bit is set.</returns>
    bool DivideByRoots(float* weights, float* keys, int columns, float smallKey, uint* doubtful);

    /// <summary>Adds a row of weights, none of them negative, to the sums of the columns.</summary>
    /// <param name="weights">The weights.</param>
    /// <param name="columns">How many.</param>
    /// <param name="partColumns">Columns of a part, of which there are at most 32.</param>
    /// <param name="columnSums">The columns' sums.</param>
    /// <param name="sum">The weights' sum.</param>
    /// <returns>Bit i is set where part i has a weight above 0.</returns>
    uint Sum(float* weights, int columns, int partColumns, float* columnSums, out double sum);

    /// <summary><c>sums[r] += Σₖ weights[r · rowStep + k · depthStep] · rows[k]</c> for <see cref="Strip"/> many r, over two vectors of dimensions.</summary>
    /// <param name="weights">The first weight.</param>
    /// <param name="rowStep">Floats from one r to the next.</param>
    /// <param name="depthStep">Floats from one k to the next.</param>
    /// <param name="rows">Two vectors of each row, one row after the other.</param>
    /// <param name="depth">Number of rows.</param>
    /// <param name="sums">The first sum.</param>
    /// <param name="sumStride">Floats from one sum to the next.</param>
    void AddWeighted(float* weights, nint rowStep, nint depthStep, float* rows, nint depth, float* sums, nint sumStride);
}
