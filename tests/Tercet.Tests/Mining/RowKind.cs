namespace Tercet.Tests.Mining;

/// <summary>How the rows of a test case lie.</summary>
public enum RowKind
{
    /// <summary>Independent normal components.</summary>
    Normal,

    /// <summary>Normal, scaled to unit norm.</summary>
    UnitSphere,

    /// <summary>A centre for every label, with noise of a third of the centres' distance.</summary>
    Clustered,

    /// <summary>A handful of different rows, each many times.</summary>
    Duplicates,

    /// <summary>One row, N times.</summary>
    AllEqual,

    /// <summary>Integers from −2 to 2: many exact ties between different rows.</summary>
    Lattice,

    /// <summary>A thousandth of noise around a far point: ‖x‖² + ‖y‖² − 2x·y in float32 is all rounding.</summary>
    FarFromOrigin,

    /// <summary>Norms over twelve orders of magnitude, some rows zero.</summary>
    MixedScale,

    /// <summary>Squared distances below the smallest normal float32.</summary>
    Tiny,

    /// <summary>Squared distances near the largest float32.</summary>
    Huge,
}
