namespace Tercet.Backends.Cpu;

/// <summary>What kernels do with a block of scores (smaller is better), in one vector width.</summary>
// SAFETY: every pointer is valid for the counts that its parameter states.
internal unsafe interface IBlockFold
{
    /// <summary>The smallest score of every row and of every column of a block.</summary>
    /// <param name="scores">The block, <paramref name="stride"/> floats from row to row.</param>
    /// <param name="stride">Floats from row to row.</param>
    /// <param name="rows">Number of rows, a multiple of 4.</param>
    /// <param name="columns">Number of columns, a multiple of the vector width.</param>
    /// <param name="rowBest">Receives one score a row.</param>
    /// <param name="columnBest">Receives one score a column.</param>
    void Fold(float* scores, nint stride, int rows, int columns, float* rowBest, float* columnBest);

    /// <summary>Finds the next element that is not above its limit.</summary>
    /// <param name="scores">The scores.</param>
    /// <param name="limits">One limit for each.</param>
    /// <param name="start">Where to begin, a multiple of the vector width.</param>
    /// <param name="count">Number of scores, a multiple of the vector width.</param>
    /// <param name="hits">Bit i is set where element <c>result + i</c> is not above its limit.</param>
    /// <returns>The first element of the vector that holds a hit; <paramref name="count"/> where there is none.</returns>
    int NextHits(float* scores, float* limits, int start, int count, out uint hits);

    /// <summary>The same against one limit for all.</summary>
    int NextHits(float* scores, float limit, int start, int count, out uint hits);

    /// <summary>Finds the next row of one vector's columns that holds an element not above its column's limit.</summary>
    /// <param name="scores">The first row's vector.</param>
    /// <param name="stride">Floats from row to row.</param>
    /// <param name="limits">One limit a lane.</param>
    /// <param name="start">The row to begin with.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="hits">Bit i is set where lane i is not above its limit.</param>
    /// <returns>The row; <paramref name="rows"/> where there is none.</returns>
    int NextRowWithHits(float* scores, nint stride, float* limits, int start, int rows, out uint hits);

    /// <summary>Parts a block of keys: those of every row's own interval become scores in a second block, and in the first the largest float; elsewhere the second is the largest float.</summary>
    /// <param name="keys">The keys.</param>
    /// <param name="scores">The second block.</param>
    /// <param name="stride">Floats from row to row of both.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="from">The first column, a multiple of the vector width.</param>
    /// <param name="to">The column after the last, such a multiple too, below 2²⁴.</param>
    /// <param name="starts">Where each row's interval begins, counted from <paramref name="origin"/>; it may lie outside.</param>
    /// <param name="ends">Where it ends.</param>
    /// <param name="origin">What is column 0.</param>
    /// <param name="factor">What turns a key into a score.</param>
    void Part(float* keys, float* scores, nint stride, int rows, int from, int to, int* starts, int* ends, int origin, float factor);

    /// <summary>Counts how many scores fall into each bin, and finds the smallest.</summary>
    /// <param name="scores">The scores.</param>
    /// <param name="count">Number of scores, a multiple of the vector width.</param>
    /// <param name="bins">The bins.</param>
    /// <param name="even">Added to: one counter a bin. Vectors that lie wholly in the last bin are not counted.</param>
    /// <param name="odd">Added to: more counters, so that equal bins in a row do not wait for each other.</param>
    /// <param name="smallest">The smallest score.</param>
    /// <param name="smallestOfLast">The smallest score in the last bin; the largest float where it is empty.</param>
    void Histogram(float* scores, int count, KeyBins bins, int* even, int* odd, out float smallest, out float smallestOfLast);

    /// <summary>The bins of scores that are moved up a little.</summary>
    /// <param name="scores">The scores.</param>
    /// <param name="count">Number of scores, a multiple of the vector width.</param>
    /// <param name="addend">What is added to each.</param>
    /// <param name="bins">The bins.</param>
    /// <param name="parts">Into how many parts each bin is split, a power of two.</param>
    /// <param name="places">Receives them.</param>
    void Place(float* scores, int count, float addend, KeyBins bins, int parts, int* places);

    /// <summary>The smallest score, and the smallest that is not below a bound; the largest float where there is none.</summary>
    void Smallest(float* scores, int count, float bound, out float smallest, out float smallestFrom);

    /// <summary>Ranks scores among thresholds.</summary>
    /// <param name="scores">The scores, none a NaN.</param>
    /// <param name="count">Number of scores, a multiple of the vector width.</param>
    /// <param name="tables">The thresholds, as <see cref="RankTable"/> says.</param>
    /// <param name="length">Length of the tables.</param>
    /// <param name="ranks">Receives for each score the number of thresholds that it is above.</param>
    void Rank(float* scores, int count, float* tables, int length, int* ranks);

    /// <summary>Finds the next element between two limits, either included.</summary>
    /// <param name="scores">The scores.</param>
    /// <param name="low">The lower limit.</param>
    /// <param name="high">The upper limit.</param>
    /// <param name="start">Where to begin, a multiple of the vector width.</param>
    /// <param name="count">Number of scores, a multiple of the vector width.</param>
    /// <param name="hits">Bit i is set where element <c>result + i</c> is between them.</param>
    /// <returns>The first element of the vector that holds a hit; <paramref name="count"/> where there is none.</returns>
    int NextWithin(float* scores, float low, float high, int start, int count, out uint hits);

    /// <summary>Copies the scores in wanted bins, in order.</summary>
    /// <param name="scores">The scores; a vector more can be read.</param>
    /// <param name="count">Number of scores, a multiple of the vector width.</param>
    /// <param name="first">The position of the first.</param>
    /// <param name="bins">The bins.</param>
    /// <param name="wanted">The wanted ones, a bit each.</param>
    /// <param name="selected">Receives them, may be <paramref name="scores"/>; what stands behind them, up to <paramref name="count"/>, may be overwritten.</param>
    /// <param name="positions">Receives the position of each, likewise.</param>
    /// <returns>How many.</returns>
    int Select(float* scores, int count, int first, KeyBins bins, ulong* wanted, float* selected, int* positions);

    /// <summary>Copies the scores that pass a filter, in order.</summary>
    /// <param name="scores">The scores; a vector more can be read.</param>
    /// <param name="count">Number of scores, a multiple of the vector width.</param>
    /// <param name="bins">The bins.</param>
    /// <param name="filter">The filter.</param>
    /// <param name="selected">Receives them; room for <paramref name="count"/>.</param>
    /// <param name="positions">Receives where each stood, likewise.</param>
    /// <returns>How many.</returns>
    int SelectWithin(float* scores, int count, KeyBins bins, in KeyFilter filter, float* selected, int* positions);

    /// <summary>Transposes a block; both counts are multiples of the width.</summary>
    void Transpose(float* source, nint sourceStride, int rows, int columns, float* destination, nint destinationStride);

    /// <summary>Fills in, below the diagonal of a square of keys, what was computed above it only.</summary>
    /// <param name="keys">The square.</param>
    /// <param name="stride">Floats from row to row.</param>
    /// <param name="rows">Rows and columns, a multiple of <paramref name="step"/>.</param>
    /// <param name="step">Rows and columns of the squares along the diagonal, which are whole: a multiple of the vector width.</param>
    void Mirror(float* keys, nint stride, int rows, int step);

    /// <summary>The vector width.</summary>
    int Width { get; }
}
