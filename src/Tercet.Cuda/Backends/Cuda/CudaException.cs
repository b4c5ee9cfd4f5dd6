namespace Tercet.Backends.Cuda;

/// <summary>A failure of the CUDA driver, of a device or of the kernels on it. The message says what was attempted and what to do next.</summary>
public sealed class CudaException : TercetException
{
    /// <summary>The status of a call that found no memory.</summary>
    public const int OutOfMemory = 2;

    // From here on the driver reports kernels that faulted, after which a context answers nothing else.
    private const int FirstFault = 700;
    private const int LastFault = 720;

    /// <summary>Creates the exception.</summary>
    /// <param name="message">What failed, and what to do.</param>
    /// <param name="status">The driver's <c>CUresult</c>; 0 where the driver was not what failed.</param>
    /// <param name="innerException">The failure that caused it.</param>
    public CudaException(string message, int status = 0, Exception? innerException = null)
        : base(status == 0 ? message : $"{message} (CUDA error {status})", innerException) => Status = status;

    /// <summary>The driver's <c>CUresult</c>; 0 where the driver was not what failed.</summary>
    public int Status { get; }

    /// <summary>Whether the context is lost: the backend cannot be used again in this process.</summary>
    public bool IsFatal => Status is >= FirstFault and <= LastFault;
}
