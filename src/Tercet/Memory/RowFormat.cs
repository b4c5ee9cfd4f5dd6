namespace Tercet.Memory;

/// <summary>How the components of a matrix are stored.</summary>
public enum RowFormat
{
    /// <summary>IEEE 754 binary32.</summary>
    Binary32,

    /// <summary>IEEE 754 binary16, <see cref="Half"/>.</summary>
    Binary16,

    /// <summary><see cref="Memory.BFloat16"/>.</summary>
    BFloat16,
}
