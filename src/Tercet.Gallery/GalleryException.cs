namespace Tercet.Galleries;

/// <summary>A gallery that cannot be opened, read or written. The message begins with the file or folder and says what to do next.</summary>
public class GalleryException : TercetException
{
    /// <summary>Creates the exception with the message <c>path: problem</c>.</summary>
    /// <param name="path">The file or folder.</param>
    /// <param name="problem">What is wrong, and what to do.</param>
    /// <param name="innerException">The failure underneath, if any.</param>
    public GalleryException(string path, string problem, Exception? innerException = null)
        : base($"{path}: {problem}".ReplaceLineEndings(" "), innerException) => Path = path;

    /// <summary>The file or folder.</summary>
    public string Path { get; }
}
