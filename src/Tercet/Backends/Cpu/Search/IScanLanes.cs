using System.Runtime.Intrinsics;

namespace Tercet.Backends.Cpu.Search;

/// <summary>What the scans of single queries need of a vector width beyond <see cref="ILanes{TVector}"/>.</summary>
/// <typeparam name="TVector">The vector of float32 lanes.</typeparam>
/// <typeparam name="TInts">The vector of as many int32 lanes.</typeparam>
// SAFETY: every pointer is valid for the lanes or rows that its member names; the scans see to it.
internal unsafe interface IScanLanes<TVector, TInts>
    where TVector : struct
    where TInts : struct
{
    /// <summary>The sums of all lanes of four vectors.</summary>
    static abstract Vector128<float> SumLanes(TVector sum0, TVector sum1, TVector sum2, TVector sum3);

    /// <summary>Reads four unsigned bytes a lane.</summary>
    static abstract TInts Load(byte* codes);

    /// <summary>Puts one int32 in every lane.</summary>
    static abstract TInts Broadcast(int* source);

    /// <summary>What sums by <see cref="AddProducts"/> begin with.</summary>
    /// <param name="minusOffset">−64 times the sum of the query's codes.</param>
    static abstract TInts FirstSum(int* minusOffset);

    /// <summary>
    /// <c>sum + Σ rows[i] · query[i]</c> of the eight bytes in each lane of two pairs of vectors, exact. Where the processor wants both with a sign,
    /// <c>rows[i] − 64</c> counts.
    /// </summary>
    /// <param name="sum">Begun by <see cref="FirstSum"/>.</param>
    /// <param name="rows0">Four unsigned bytes a lane, 0 to 127.</param>
    /// <param name="query0">Four signed bytes, −64 to 64, the same in every lane.</param>
    /// <param name="rows1">Four more.</param>
    /// <param name="query1">And what they meet.</param>
    /// <param name="ones">0x10001 in every lane.</param>
    static abstract TInts AddProducts(TInts sum, TInts rows0, TInts query0, TInts rows1, TInts query1, TInts ones);

    /// <summary>Each lane as float32, rounded to nearest.</summary>
    static abstract TVector ToFloats(TInts value);
}
