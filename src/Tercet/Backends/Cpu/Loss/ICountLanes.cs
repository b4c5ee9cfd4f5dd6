namespace Tercet.Backends.Cpu.Loss;

/// <summary>What counting thresholds and weighing rows needs of a vector width beside <see cref="ILanes{TVector}"/>.</summary>
/// <typeparam name="TVector">The vector of float32 lanes.</typeparam>
// SAFETY: every pointer is valid for the elements that its method names; the kernels that call see to it.
internal unsafe interface ICountLanes<TVector>
    where TVector : struct
{
    /// <summary>The square root of every lane; NaN below 0.</summary>
    static abstract TVector SquareRoot(TVector value);

    /// <summary><c>left / right</c>.</summary>
    static abstract TVector Divide(TVector left, TVector right);

    /// <summary>The sum of all lanes, in float64.</summary>
    static abstract double Sum(TVector value);
}
