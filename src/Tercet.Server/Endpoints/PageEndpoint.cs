using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Tercet.Server.Http;

namespace Tercet.Server.Endpoints;

/// <summary>The page at <c>/</c> and the OpenAPI document, from the program itself.</summary>
internal sealed class PageEndpoint
{
    private readonly byte[] _page = Resource("index.html");
    private readonly byte[] _openApi = Resource("openapi.json");
    private readonly string _policy;

    public PageEndpoint()
    {
        string page = Encoding.UTF8.GetString(_page);
        _policy = $"default-src 'none'; connect-src 'self'; img-src blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; script-src '{Hash(page, "script")}'; style-src '{Hash(page, "style")}'";
    }

    public Task Page(HttpContext context)
    {
        context.Response.Headers.ContentSecurityPolicy = _policy;
        context.Response.Headers["Referrer-Policy"] = "no-referrer";
        return Answers.Bytes(context, "text/html; charset=utf-8", _page);
    }

    public Task OpenApi(HttpContext context) => Answers.Bytes(context, "application/json", _openApi);

    // The browser runs what has this hash, and nothing else.
    private static string Hash(string page, string element)
    {
        int start = page.IndexOf($"<{element}>", StringComparison.Ordinal) + element.Length + 2;
        int end = page.IndexOf($"</{element}>", StringComparison.Ordinal);
        return "sha256-" + Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(page[start..end])));
    }

    private static byte[] Resource(string name)
    {
        using Stream stream = typeof(PageEndpoint).Assembly.GetManifestResourceStream($"Tercet.Server.{name}")!;
        using MemoryStream copy = new();
        stream.CopyTo(copy);
        return copy.ToArray();
    }
}
