namespace Tercet;

/// <summary>
/// A failure of something outside the caller's arguments: a file, a model or a device. The message names it and says what to do next.
/// Mistakes in arguments are reported with the <see cref="ArgumentException"/> family instead.
/// </summary>
public class TercetException : Exception
{
    /// <summary>Creates the exception with a message that names the file, model or device.</summary>
    public TercetException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with a message and the failure that caused it.</summary>
    public TercetException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
