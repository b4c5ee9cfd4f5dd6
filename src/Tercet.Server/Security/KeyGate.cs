using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using Tercet.Server.Http;
using Tercet.Server.Options;

namespace Tercet.Server.Security;

/// <summary>Lets nobody in without a key, but for the paths that say whether the server lives, and no key more often at a time than it may.</summary>
internal sealed class KeyGate(ServerOptions options)
{
    /// <summary>Paths that need no key.</summary>
    public static readonly string[] Open = ["/healthz", "/readyz", "/v2/health/live", "/v2/health/ready"];

    private readonly KeyStore? _keys = options.KeysFile.Length == 0 ? null : new KeyStore(options.KeysFile);
    private readonly ConcurrentDictionary<string, StrongCount> _running = new(StringComparer.Ordinal);

    public async Task Enter(HttpContext context, RequestDelegate next)
    {
        if (Open.Contains(context.Request.Path.Value, StringComparer.Ordinal))
        {
            await next(context);
            return;
        }

        string name = Identify(context);
        StrongCount running = _running.GetOrAdd(name, static _ => new StrongCount());
        try
        {
            if (Interlocked.Increment(ref running.Value) > options.ConcurrencyPerKey)
                throw new HttpFault(StatusCodes.Status429TooManyRequests, $"At most {options.ConcurrencyPerKey} requests of one key may run at the same time.");
            await next(context);
        }
        finally
        {
            Interlocked.Decrement(ref running.Value);
        }
    }

    private string Identify(HttpContext context)
    {
        if (_keys is null)
        {
            // Only loopback addresses go without keys. A page of another site can reach them through a name of its own, which this refuses.
            return IsLoopback(context.Request.Host.Host)
                ? ""
                : throw new HttpFault(StatusCodes.Status403Forbidden, "Without keys the server answers on loopback names only.");
        }

        if (Presented(context.Request.Headers) is { } key && _keys.Find(key) is { } name)
        {
            Caller.Set(context, name);
            return name;
        }

        context.Response.Headers.WWWAuthenticate = "Basic realm=\"tercet\", charset=\"UTF-8\"";
        throw new HttpFault(StatusCodes.Status401Unauthorized, "A key is needed: Authorization: Bearer KEY, X-Api-Key: KEY, or HTTP Basic with the key as the password.");
    }

    private static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host, out IPAddress? address) && IPAddress.IsLoopback(address));

    private static string? Presented(IHeaderDictionary headers)
    {
        string authorization = headers.Authorization.ToString();
        if (authorization.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
            return authorization["Bearer ".Length..].Trim();
        if (authorization.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase))
            return Password(authorization["Basic ".Length..].Trim());
        string header = headers["X-Api-Key"].ToString();
        return header.Length > 0 ? header : null;
    }

    // What a browser asks its user for.
    private static string? Password(string credentials)
    {
        if (!Base64.IsValid(credentials))
            return null;
        string text = Encoding.UTF8.GetString(Convert.FromBase64String(credentials));
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? null : text[(colon + 1)..];
    }

    private sealed class StrongCount
    {
        public int Value;
    }
}
