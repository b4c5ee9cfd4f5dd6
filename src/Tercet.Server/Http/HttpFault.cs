namespace Tercet.Server.Http;

/// <summary>A request that is answered with a status and a message.</summary>
internal sealed class HttpFault(int status, string message, Exception? innerException = null) : Exception(message, innerException)
{
    public int Status { get; } = status;

    /// <summary>The caller's mistake.</summary>
    public static HttpFault BadRequest(string message, Exception? cause = null) => new(400, message, cause);
}
