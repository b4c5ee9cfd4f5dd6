namespace Tercet.Forward;

/// <summary>A valid ONNX model that is not an embedder: its inputs or outputs are not one float tensor each of a supported shape. The message lists them.</summary>
public sealed class UnsupportedModelException : TercetException
{
    /// <summary>Creates the exception with a message that names the model and its inputs and outputs.</summary>
    public UnsupportedModelException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with a message and the failure that caused it.</summary>
    public UnsupportedModelException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
