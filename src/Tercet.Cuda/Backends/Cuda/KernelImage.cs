namespace Tercet.Backends.Cuda;

/// <summary>Finds the compiled kernels of the build: the file that <c>TERCET_CUDA_KERNELS</c> names, or the fatbin that was there when the assembly was built.</summary>
internal static class KernelImage
{
    /// <summary>The environment variable.</summary>
    public const string Variable = "TERCET_CUDA_KERNELS";

    private const string Resource = "tercet_kernels.fatbin";

    /// <summary>Finds them.</summary>
    /// <returns>The image; null where the build has none and no file is named.</returns>
    /// <exception cref="CudaException">The file that is named cannot be read.</exception>
    public static byte[]? Find()
    {
        string? path = Environment.GetEnvironmentVariable(Variable);
        if (!string.IsNullOrEmpty(path))
            return LoadFile(path);
        using Stream? stream = typeof(KernelImage).Assembly.GetManifestResourceStream(Resource);
        if (stream is null)
            return null;
        byte[] image = new byte[stream.Length];
        stream.ReadExactly(image);
        return image;
    }

    /// <summary>Reads a file of compiled kernels.</summary>
    /// <exception cref="CudaException">It cannot be read.</exception>
    internal static byte[] LoadFile(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CudaException($"The kernels in '{path}', which {Variable} names, cannot be read: {exception.Message}", innerException: exception);
        }
    }
}
