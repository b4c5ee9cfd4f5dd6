using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Tercet.Server.Options;

namespace Tercet.Server.Http;

/// <summary>Reads bodies whole, within the server's limits.</summary>
internal sealed class RequestBody(ServerOptions options)
{
    // What is announced is not believed: room is taken as bytes come.
    private const int FirstRoom = 1 << 20;

    private readonly FormOptions _form = new()
    {
        // In memory: the body's limit bounds it, and no image is written to a disk.
        MemoryBufferThreshold = int.MaxValue,
        MultipartBodyLengthLimit = options.MaxRequestBytes,
        BufferBodyLengthLimit = options.MaxRequestBytes,
        ValueCountLimit = 64,
        KeyLengthLimit = 256,
        ValueLengthLimit = 64 << 10,
        MultipartHeadersCountLimit = 16,
        MultipartHeadersLengthLimit = 16 << 10,
    };

    /// <summary>The body's bytes.</summary>
    public async Task<byte[]> ReadAsync(HttpContext context)
    {
        HttpRequest request = context.Request;
        if (request.ContentLength > options.MaxRequestBytes)
            throw TooLarge();
        byte[] bytes = new byte[Math.Min(request.ContentLength ?? FirstRoom, FirstRoom)];
        int length = 0;
        try
        {
            while (await request.Body.ReadAsync(bytes.AsMemory(length), context.RequestAborted) is > 0 and int read)
            {
                length += read;
                if (length < bytes.Length)
                    continue;
                if (length == request.ContentLength)
                    return bytes;
                if (length >= options.MaxRequestBytes)
                    throw TooLarge();
                Array.Resize(ref bytes, (int)Math.Min(request.ContentLength ?? options.MaxRequestBytes, 2L * length));
            }
        }
        catch (OperationCanceledException late)
        {
            throw Slow(late);
        }

        return bytes.Length == length ? bytes : bytes[..length];
    }

    /// <summary>The body as JSON.</summary>
    /// <exception cref="HttpFault">It holds null.</exception>
    /// <exception cref="JsonException">It is something else.</exception>
    public async Task<T> ReadJsonAsync<T>(HttpContext context, JsonTypeInfo<T> type) =>
        JsonSerializer.Deserialize(await ReadAsync(context), type) ?? throw HttpFault.BadRequest("The body is null.");

    /// <summary>The body as a form.</summary>
    public async Task<IFormCollection> ReadFormAsync(HttpContext context)
    {
        if (context.Request.ContentLength > options.MaxRequestBytes)
            throw TooLarge();
        try
        {
            context.Features.Set<IFormFeature>(new FormFeature(context.Request, _form));
            return await context.Request.ReadFormAsync(context.RequestAborted);
        }
        catch (OperationCanceledException late)
        {
            throw Slow(late);
        }
        catch (Exception failure) when (failure is InvalidDataException or IOException and not BadHttpRequestException)
        {
            throw HttpFault.BadRequest($"The body is no form: {failure.Message}", failure);
        }
    }

    /// <summary>The content of a form's file.</summary>
    public static async Task<byte[]> ReadAsync(IFormFile file, CancellationToken cancellationToken)
    {
        byte[] bytes = new byte[file.Length];
        using Stream stream = file.OpenReadStream();
        await stream.ReadExactlyAsync(bytes, cancellationToken);
        return bytes;
    }

    private HttpFault TooLarge() => new(413, $"The body is longer than {options.MaxRequestBytes} bytes.");

    private static HttpFault Slow(Exception late) => new(408, "The body did not come in time.", late);
}
