namespace Tercet;

/// <summary>A file that cannot be read or does not hold what it should. The message is one line: the path, then what is wrong.</summary>
public sealed class InvalidFileException : TercetException
{
    /// <summary>Creates the exception with the message <c>path: problem</c>.</summary>
    /// <param name="path">The file.</param>
    /// <param name="problem">What is wrong with it, without a full stop.</param>
    /// <param name="innerException">The failure underneath, if any.</param>
    public InvalidFileException(string path, string problem, Exception? innerException = null)
        : base($"{path}: {problem}".ReplaceLineEndings(" "), innerException)
    {
        Path = path;
    }

    /// <summary>The file.</summary>
    public string Path { get; }
}
