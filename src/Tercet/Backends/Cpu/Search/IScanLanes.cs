namespace Tercet.Backends.Cpu.Search;

/// <summary>What the scans of single queries need of a vector width beyond <see cref="ILanes{TVector}"/>.</summary>
/// <typeparam name="TVector">The vector of float32 lanes.</typeparam>
/// <typeparam name="TInts">The vector of as many int32 lanes.</typeparam>
// SAFETY: every pointer is valid for the lanes or rows that its member names; the scans see to it.
internal unsafe interface IScanLanes<TVector, TInts>
    where TVector : struct
    where TInts : struct
{
    /// <summary><c>scores[r] = factors[r] × (sum of all lanes of the r-th vector) + biases[r]</c>, r = 0…3.</summary>
    static abstract void StoreScores(TVector sum0, TVector sum1, TVector sum2, TVector sum3, float* factors, float* biases, float* scores);

    /// <summary>Zero in every lane.</summary>
    static abstract TInts Zero { get; }

    /// <summary><c>left + right</c>.</summary>
    static abstract TInts Add(TInts left, TInts right);

    /// <summary>Lane i: <c>codes[2i] × low(pair) + codes[2i + 1] × high(pair)</c>, exact.</summary>
    /// <param name="codes">Two signed bytes a lane.</param>
    /// <param name="pair">Two int16 in one int32, the first in the low half.</param>
    static abstract TInts MultiplyPairs(sbyte* codes, int* pair);

    /// <summary>Each lane as float32, rounded to nearest.</summary>
    static abstract TVector ToFloats(TInts value);
}
