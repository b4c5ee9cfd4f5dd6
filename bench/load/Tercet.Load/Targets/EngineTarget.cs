using Tercet.Extensions;

namespace Tercet.Load.Targets;

/// <summary>The micro-batcher in this process.</summary>
internal sealed class EngineTarget(TercetOptions options, Func<TercetEmbedder, Inputs> inputs) : ITarget
{
    private readonly MeterStages _stages = new();
    private readonly TercetEmbedder _embedder = new(options);
    private Inputs? _inputs;

    public int Dimension => _embedder.Dimension;

    public long ResidentBytes => Environment.WorkingSet;

    public IStageClock Stages => _stages;

    public TercetEmbedder Embedder => _embedder;

    private Inputs Inputs => _inputs ??= inputs(_embedder);

    public async Task<Outcome> Send(int input, Memory<float> embedding, CancellationToken cancellationToken)
    {
        try
        {
            int index = input % Inputs.Count;
            if (Inputs.Images is { } images)
                await _embedder.EmbedImageAsync(images[index], embedding, cancellationToken: cancellationToken);
            else
                await _embedder.EmbedAsync(Inputs.Samples![index], embedding, cancellationToken: cancellationToken);
            return Outcome.Answered;
        }
        catch (TercetOverloadedException)
        {
            return Outcome.Refused;
        }
        catch (TercetException)
        {
            return Outcome.Failed;
        }
    }

    public ValueTask DisposeAsync()
    {
        _embedder.Dispose();
        _stages.Dispose();
        return ValueTask.CompletedTask;
    }
}
