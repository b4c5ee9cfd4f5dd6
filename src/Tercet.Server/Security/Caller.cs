using Microsoft.AspNetCore.Http;

namespace Tercet.Server.Security;

/// <summary>Who makes a request.</summary>
internal static class Caller
{
    private static readonly object Key = new();

    /// <summary>The name of the request's key; null where the server has no keys.</summary>
    public static string? Of(HttpContext context) => (string?)context.Items[Key];

    public static void Set(HttpContext context, string name) => context.Items[Key] = name;
}
