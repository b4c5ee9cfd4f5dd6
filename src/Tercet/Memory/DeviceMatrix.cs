namespace Tercet.Memory;

/// <summary>A row-major float32 matrix in a device's memory: a view, which owns nothing. The default value is no matrix.</summary>
/// <param name="Memory">The memory that it lies in.</param>
/// <param name="Address">The device's address of element [0, 0].</param>
/// <param name="Rows">Number of rows.</param>
/// <param name="Columns">Number of columns, which is also the distance from row to row.</param>
public readonly record struct DeviceMatrix(IDeviceMemory? Memory, nint Address, int Rows, int Columns)
{
    /// <summary>Whether this is no matrix.</summary>
    public bool IsEmpty => Memory is null;
}
