using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Tercet.Extensions;
using Tercet.Galleries;
using Tercet.Search;
using Tercet.Server.Http;
using Tercet.Server.Json;
using Tercet.Server.Metrics;
using Tercet.Server.Security;

namespace Tercet.Server.Endpoints;

/// <summary><c>POST /search</c>: the nearest rows of the gallery to an image (JSON, a form with the file <c>image</c>, or the body itself) or an embedding.</summary>
internal sealed class SearchEndpoint(ITercetEmbedder embedder, OpenGallery gallery, WorkGate gate, RequestBody body, ServerTelemetry telemetry)
{
    public async Task Handle(HttpContext context)
    {
        gallery.Require();
        SearchRequestJson request = await Read(context);
        if (request.K is < 1 or > FlatIndex.LargestK)
            throw HttpFault.BadRequest($"k is {request.K}; it must be between 1 and {FlatIndex.LargestK}.");
        if (request.Approximate < 1)
            throw HttpFault.BadRequest($"approximate is {request.Approximate}; it must be 1 or more.");
        if (request is { Approximate: not null, Label: not null })
            throw HttpFault.BadRequest("approximate does not go with a label, every row of which is looked at.");
        float[] query = (request.Image, request.Embedding) switch
        {
            ({ } image, null) => await ImageBatch.EmbedImages(embedder, [image], Caller.Of(context), context.RequestAborted),
            (null, { } embedding) when embedding.Length == embedder.Dimension => embedding,
            (null, { } embedding) => throw HttpFault.BadRequest($"The embedding has {embedding.Length} components; the model gives {embedder.Dimension}."),
            _ => throw HttpFault.BadRequest("Give an image or an embedding, one of them."),
        };
        gallery.Scale(query);
        await Answers.Json(context, await gate.Run(() => Search(query, request), context.RequestAborted), ServerJson.Default.SearchAnswerJson);
    }

    private SearchAnswerJson Search(float[] query, SearchRequestJson request)
    {
        using GallerySnapshot snapshot = gallery.Require().Snapshot();
        GalleryNeighbor[] nearest = new GalleryNeighbor[request.K];
        long start = Stopwatch.GetTimestamp();
        int count = request.Approximate is { } probes ? snapshot.SearchApproximately(query, probes, nearest)
            : request.Label is null ? snapshot.Search(query, nearest)
            : snapshot.Search(query, request.Label, nearest);
        telemetry.Searched(Stopwatch.GetElapsedTime(start), gallery.Name);
        List<NeighborJson> found = [];
        foreach (GalleryNeighbor neighbor in nearest.AsSpan(0, count))
        {
            if (neighbor.Distance <= (request.Threshold ?? double.PositiveInfinity) && snapshot.TryGet(neighbor.Id, out GalleryRow row))
                found.Add(new NeighborJson(neighbor.Id, neighbor.Distance, row.Label, row.Source));
        }

        return new SearchAnswerJson(embedder.ModelName, snapshot.Generation, gallery.Metric, found);
    }

    private async Task<SearchRequestJson> Read(HttpContext context)
    {
        if (context.Request.HasJsonContentType())
            return await body.ReadJsonAsync(context, ServerJson.Default.SearchRequestJson);
        IFormCollection? form = context.Request.HasFormContentType ? await body.ReadFormAsync(context) : null;
        string Field(string name) => (form?[name] ?? default).FirstOrDefault() ?? context.Request.Query[name].ToString();
        return new SearchRequestJson
        {
            Image = form is null ? await body.ReadAsync(context) : await RequestBody.ReadAsync(FormImages.Require(form, "image"), context.RequestAborted),
            K = Field("k") is { Length: > 0 } k ? FormImages.Number<int>("k", k) : 10,
            Label = Field("label") is { Length: > 0 } label ? label : null,
            Approximate = Field("approximate") is { Length: > 0 } approximate ? FormImages.Number<int>("approximate", approximate) : null,
            Threshold = Field("threshold") is { Length: > 0 } threshold ? FormImages.Number<double>("threshold", threshold) : null,
        };
    }
}
