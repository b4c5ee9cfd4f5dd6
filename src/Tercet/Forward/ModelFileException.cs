namespace Tercet.Forward;

/// <summary>A model file that is missing, unreadable, truncated or not ONNX.</summary>
public sealed class ModelFileException : TercetException
{
    /// <summary>Creates the exception with a message that names the file.</summary>
    public ModelFileException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with a message and the failure that caused it.</summary>
    public ModelFileException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
