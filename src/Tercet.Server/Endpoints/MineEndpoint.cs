using System.Diagnostics;
using CommunityToolkit.HighPerformance;
using Microsoft.AspNetCore.Http;
using Tercet.Cli;
using Tercet.Extensions;
using Tercet.Memory;
using Tercet.Mining;
using Tercet.Server.Http;
using Tercet.Server.Json;
using Tercet.Server.Metrics;
using Tercet.Server.Options;

namespace Tercet.Server.Endpoints;

/// <summary><c>POST /mine</c>: triplets of the rows in the request.</summary>
internal sealed class MineEndpoint(TercetOptions model, ServerOptions options, WorkGate gate, RequestBody body, ServerTelemetry telemetry) : IDisposable
{
    private readonly MiningDevice _device = MiningDevice.Open(model.Device);

    public async Task Handle(HttpContext context)
    {
        MineRequestJson request = await body.ReadJsonAsync(context, ServerJson.Default.MineRequestJson);
        int rows = request.Embeddings.Count;
        if (rows > options.MaxMiningRows)
            throw new HttpFault(413, $"At most {options.MaxMiningRows} rows are mined in one request, not {rows}.");
        if (rows == 0 || request.Labels.Length != rows)
            throw HttpFault.BadRequest($"There are {rows} rows and {request.Labels.Length} labels.");
        for (int i = 0; i < rows; i++)
        {
            if (request.Embeddings[i] is not { Length: > 0 } row || row.Length != request.Embeddings[0].Length)
                throw HttpFault.BadRequest($"Row {i} has {request.Embeddings[i]?.Length ?? 0} components, row 0 has {request.Embeddings[0]?.Length ?? 0}.");
        }

        CancellationToken aborted = context.RequestAborted;
        await Answers.Json(context, await gate.Run(() => Mine(request, aborted), aborted), ServerJson.Default.MineAnswerJson);
    }

    public void Dispose() => _device.Dispose();

    private MineAnswerJson Mine(MineRequestJson request, CancellationToken cancellationToken)
    {
        using PinnedMatrix rows = Copy(request.Embeddings);
        MiningOptions mining = new()
        {
            Rule = request.Rule,
            Metric = request.Metric,
            Margin = request.Margin,
            WithinMargin = request.WithinMargin,
            Fallback = request.Fallback,
            EasyPositive = request.EasyPositive,
            NegativeOnlyLabel = request.NegativeOnlyLabel,
            Normalize = request.Normalize,
            Seed = request.Seed,
        };
        using TripletMiner miner = new(_device.Backend);
        MiningInput input = MiningInput.Batch(rows.Span, request.Labels);
        long capacity = miner.Capacity(input, mining);
        if (capacity > options.MaxTriplets)
            throw new HttpFault(413, $"The rule selects up to {capacity} triplets; one answer has at most {options.MaxTriplets}.");
        Triplet[] triplets = new Triplet[capacity];
        long start = Stopwatch.GetTimestamp();
        int count = miner.Mine(input, mining, triplets, out MiningStatistics statistics, cancellationToken);
        telemetry.Mined(Stopwatch.GetElapsedTime(start));
        Triplet[] found = triplets[..count];
        return new MineAnswerJson(
            [.. found.Select(triplet => (int[])[triplet.Anchor, triplet.Positive, triplet.Negative])],
            [.. found.Select(triplet => triplet.PositiveDistance)],
            [.. found.Select(triplet => triplet.NegativeDistance)],
            statistics.ValidTriplets,
            statistics.IsCollapsed);
    }

    private static PinnedMatrix Copy(IReadOnlyList<float[]> rows)
    {
        PinnedMatrix copy = new(rows.Count, rows[0].Length);
        for (int i = 0; i < rows.Count; i++)
            rows[i].CopyTo(copy.Span.GetRowSpan(i));
        return copy;
    }
}
