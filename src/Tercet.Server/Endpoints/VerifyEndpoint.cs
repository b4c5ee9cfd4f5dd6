using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Tercet.Cli.Input;
using Tercet.Extensions;
using Tercet.Galleries;
using Tercet.Server.Http;
using Tercet.Server.Json;
using Tercet.Server.Metrics;
using Tercet.Server.Security;

namespace Tercet.Server.Endpoints;

/// <summary><c>POST /verify</c>: how alike two images are, or an image and the nearest row of a label of the gallery.</summary>
internal sealed class VerifyEndpoint(ITercetEmbedder embedder, OpenGallery gallery, WorkGate gate, RequestBody body, ServerTelemetry telemetry)
{
    public async Task Handle(HttpContext context)
    {
        VerifyRequestJson request = await Read(context);
        if (request.Threshold is < -1 or > 1)
            throw HttpFault.BadRequest($"threshold is {request.Threshold}; a cosine is between -1 and 1.");
        int dimension = embedder.Dimension;
        (double cosine, long? id) = (0, null);
        switch (request.B, request.Label)
        {
            case ({ } other, null):
                float[] both = await ImageBatch.EmbedImages(embedder, [request.A, other], Caller.Of(context), context.RequestAborted);
                cosine = PairSimilarity.Cosine(both.AsSpan(0, dimension), both.AsSpan(dimension));
                break;
            case (null, { } label):
                gallery.Require();
                float[] query = await ImageBatch.EmbedImages(embedder, [request.A], Caller.Of(context), context.RequestAborted);
                gallery.Scale(query);
                (cosine, id) = await gate.Run(() => Nearest(query, label), context.RequestAborted);
                break;
            default:
                throw HttpFault.BadRequest("Give a second image, b, or a label of the gallery, one of them.");
        }

        VerifyAnswerJson answer = new(embedder.ModelName, cosine, 2 - (2 * cosine), request.Threshold, request.Threshold is { } threshold ? cosine >= threshold : null, id);
        await Answers.Json(context, answer, ServerJson.Default.VerifyAnswerJson);
    }

    private (double Cosine, long? Id) Nearest(float[] query, string label)
    {
        using GallerySnapshot snapshot = gallery.Require().Snapshot();
        GalleryNeighbor[] nearest = new GalleryNeighbor[1];
        long start = Stopwatch.GetTimestamp();
        int count = snapshot.Search(query, label, nearest);
        telemetry.Searched(Stopwatch.GetElapsedTime(start), gallery.Name);
        return count > 0 && snapshot.TryGet(nearest[0].Id, out GalleryRow row)
            ? (PairSimilarity.Cosine(query, row.Vector), row.Id)
            : throw new HttpFault(404, $"The gallery has no row of the label '{label}'.");
    }

    private async Task<VerifyRequestJson> Read(HttpContext context)
    {
        if (!context.Request.HasFormContentType)
            return await body.ReadJsonAsync(context, ServerJson.Default.VerifyRequestJson);
        IFormCollection form = await body.ReadFormAsync(context);
        return new VerifyRequestJson
        {
            A = await RequestBody.ReadAsync(FormImages.Require(form, "a"), context.RequestAborted),
            B = form.Files.GetFile("b") is { } other ? await RequestBody.ReadAsync(other, context.RequestAborted) : null,
            Label = form["label"].FirstOrDefault(),
            Threshold = form["threshold"].FirstOrDefault() is { Length: > 0 } threshold ? FormImages.Number<double>("threshold", threshold) : null,
        };
    }
}
