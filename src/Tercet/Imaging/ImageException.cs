namespace Tercet.Imaging;

/// <summary>An image file that cannot be used. The message begins with its path.</summary>
public sealed class ImageException : TercetException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="path">The file, as the caller named it.</param>
    /// <param name="reason">What is wrong with it.</param>
    /// <param name="explanation">The same in words, with the values.</param>
    /// <param name="innerException">The failure behind it.</param>
    public ImageException(string path, ImageErrorReason reason, string explanation, Exception? innerException = null)
        : base($"{path}: {explanation}", innerException)
    {
        Path = path;
        Reason = reason;
    }

    /// <summary>The file, as the caller named it.</summary>
    public string Path { get; }

    /// <summary>What is wrong with it.</summary>
    public ImageErrorReason Reason { get; }
}
