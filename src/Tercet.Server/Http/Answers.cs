using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace Tercet.Server.Http;

/// <summary>Writes answers.</summary>
internal static class Answers
{
    public static Task Json<T>(HttpContext context, T value, JsonTypeInfo<T> type)
    {
        try
        {
            return Bytes(context, "application/json", JsonSerializer.SerializeToUtf8Bytes(value, type));
        }
        catch (ArgumentException failure)
        {
            // JSON has no number for what is not finite.
            throw new HttpFault(422, "The answer holds NaN or infinity, which JSON cannot say; the input has values that the model does not stand.", failure);
        }
    }

    public static Task Text(HttpContext context, string type, string text) => Bytes(context, type, System.Text.Encoding.UTF8.GetBytes(text));

    public static async Task Bytes(HttpContext context, string type, ReadOnlyMemory<byte> bytes)
    {
        context.Response.ContentType = type;
        context.Response.ContentLength = bytes.Length;
        await context.Response.Body.WriteAsync(bytes, context.RequestAborted);
    }
}
