using System.Runtime.InteropServices;
using CommunityToolkit.HighPerformance;
using Microsoft.AspNetCore.Http;
using Tercet.Extensions;
using Tercet.Mining;
using Tercet.Server.Http;
using Tercet.Server.Json;
using Tercet.Server.Options;
using Tercet.Server.Security;

namespace Tercet.Server.Endpoints;

/// <summary><c>POST /embed</c>: images as a form's files, in base64 in JSON, or one as the body itself; embeddings as JSON, or as float32 where the client accepts <c>application/octet-stream</c>.</summary>
internal sealed class EmbedEndpoint(ITercetEmbedder embedder, RequestBody body, ServerOptions options)
{
    public async Task Handle(HttpContext context)
    {
        (IReadOnlyList<byte[]> images, bool normalize) = await Read(context);
        ImageBatch.RequireCount(images.Count, options.MaxImages);
        float[] rows = await ImageBatch.EmbedImages(embedder, images, Caller.Of(context), context.RequestAborted);
        if (normalize)
            UnitRows.Normalize(new Span2D<float>(rows, images.Count, embedder.Dimension));
        if (context.Request.Headers.Accept.ToString().Contains("application/octet-stream", StringComparison.OrdinalIgnoreCase))
            await Answers.Bytes(context, "application/octet-stream", MemoryMarshal.AsBytes(rows.AsSpan()).ToArray());
        else
            await Answers.Json(context, new EmbedJson(embedder.ModelName, embedder.Dimension, [.. rows.Chunk(embedder.Dimension)]), ServerJson.Default.EmbedJson);
    }

    private async Task<(IReadOnlyList<byte[]> Images, bool Normalize)> Read(HttpContext context)
    {
        bool normalize = context.Request.Query["normalize"].ToString() switch
        {
            "" or "false" => false,
            "true" => true,
            var other => throw HttpFault.BadRequest($"normalize is true or false, not '{other}'."),
        };
        if (context.Request.HasFormContentType)
        {
            IFormCollection form = await body.ReadFormAsync(context);
            ImageBatch.RequireCount(form.Files.Count, options.MaxImages);
            List<byte[]> files = [];
            foreach (IFormFile file in form.Files)
                files.Add(await RequestBody.ReadAsync(file, context.RequestAborted));
            return (files, normalize);
        }

        if (!context.Request.HasJsonContentType())
            return ([await body.ReadAsync(context)], normalize);
        EmbedRequestJson request = await body.ReadJsonAsync(context, ServerJson.Default.EmbedRequestJson);
        return (request.Images, normalize || request.Normalize);
    }
}
