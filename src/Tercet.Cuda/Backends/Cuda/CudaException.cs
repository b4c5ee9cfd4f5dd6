namespace Tercet.Backends.Cuda;

/// <summary>A failure of the CUDA driver, of a device or of the kernels on it. The message says what was attempted and what to do next.</summary>
public sealed class CudaException : TercetException
{
    /// <summary>The status of a call that found no memory.</summary>
    public const int OutOfMemory = 2;

    // After these a context answers nothing else: uncorrectable memory or link errors, faults of kernels or of other devices that they wait for, a context that is gone, a device that is.
    private static readonly int[] Fatal = [4, 46, 201, 214, 220, 226, 700, 702, 709, 710, 714, 715, 716, 717, 718, 719, 721, 911, 999];

    // No binary for the card, no compiler for PTX in the driver, PTX too new for it, compiling switched off.
    private static readonly int[] MissingImage = [209, 221, 222, 223];

    /// <summary>Creates the exception.</summary>
    /// <param name="message">What failed, and what to do.</param>
    /// <param name="status">The driver's <c>CUresult</c>; 0 where the driver was not what failed.</param>
    /// <param name="innerException">The failure that caused it.</param>
    public CudaException(string message, int status = 0, Exception? innerException = null)
        : base(status == 0 ? message : $"{message} (CUDA error {status})", innerException) => Status = status;

    /// <summary>The driver's <c>CUresult</c>; 0 where the driver was not what failed.</summary>
    public int Status { get; }

    /// <summary>Whether the context is lost: the backend cannot be used again in this process.</summary>
    public bool IsFatal => IsFault(Status);

    /// <summary>Whether a context is lost after a status.</summary>
    internal static bool IsFault(int status) => Fatal.Contains(status);

    /// <summary>Whether a status says that an image holds no kernels for the device.</summary>
    internal static bool IsMissingImage(int status) => MissingImage.Contains(status);
}
