namespace Tercet.Backends.Cuda;

/// <summary>What a backend has copied between host and device since it was opened.</summary>
/// <param name="ToDevice">Copies to the device.</param>
/// <param name="BytesToDevice">Their bytes.</param>
/// <param name="ToHost">Copies from the device.</param>
/// <param name="BytesToHost">Their bytes.</param>
public readonly record struct CudaCopies(long ToDevice, long BytesToDevice, long ToHost, long BytesToHost)
{
    /// <summary>What has been copied since an earlier count.</summary>
    public static CudaCopies operator -(CudaCopies later, CudaCopies earlier) => new(
        later.ToDevice - earlier.ToDevice,
        later.BytesToDevice - earlier.BytesToDevice,
        later.ToHost - earlier.ToHost,
        later.BytesToHost - earlier.BytesToHost);

    /// <summary>Two counts together.</summary>
    public static CudaCopies operator +(CudaCopies one, CudaCopies other) => new(
        one.ToDevice + other.ToDevice,
        one.BytesToDevice + other.BytesToDevice,
        one.ToHost + other.ToHost,
        one.BytesToHost + other.BytesToHost);

    /// <summary>The same as the operator.</summary>
    public static CudaCopies Add(CudaCopies one, CudaCopies other) => one + other;

    /// <summary>The same as the operator.</summary>
    public static CudaCopies Subtract(CudaCopies later, CudaCopies earlier) => later - earlier;
}
