namespace Tercet.Extensions;

/// <summary>A request that was refused because there is too much to do. It was not run; it can be made again later.</summary>
public sealed class TercetOverloadedException : TercetException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="message">The same in words, with the values.</param>
    public TercetOverloadedException(OverloadReason reason, string message)
        : base(message)
    {
        Reason = reason;
    }

    /// <summary>Why.</summary>
    public OverloadReason Reason { get; }
}
