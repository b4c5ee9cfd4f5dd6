namespace Tercet.Forward;

/// <summary>A device was asked for by name and cannot be had. The message says what is missing and what to do.</summary>
public sealed class DeviceUnavailableException : TercetException
{
    /// <summary>Creates the exception with a message that names the device.</summary>
    public DeviceUnavailableException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with a message and the failure that caused it.</summary>
    public DeviceUnavailableException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
