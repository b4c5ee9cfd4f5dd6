using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Tercet.Extensions;

/// <summary>Healthy when the model is loaded and requests are accepted. Only after a failure is the model run to see: whoever may ask for health makes no work.</summary>
internal sealed class TercetHealthCheck(TercetLifetime lifetime) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (lifetime.Started is not { } embedder)
            return new HealthCheckResult(context.Registration.FailureStatus, "The model is not loaded yet.");
        if (embedder.IsStopping)
            return new HealthCheckResult(context.Registration.FailureStatus, "The service is being stopped.");
        if (embedder.LastFailure is null)
            return Healthy(embedder);
        try
        {
            await embedder.EmbedAsync(new float[embedder.InputLength], new float[embedder.Dimension], "health check", cancellationToken).ConfigureAwait(false);
            return Healthy(embedder);
        }
        catch (TercetOverloadedException busy)
        {
            return busy.Reason == OverloadReason.Stopping
                ? new HealthCheckResult(context.Registration.FailureStatus, busy.Message)
                : HealthCheckResult.Degraded(busy.Message);
        }
        catch (TercetException failure)
        {
            return new HealthCheckResult(context.Registration.FailureStatus, failure.Message, failure);
        }
    }

    private static HealthCheckResult Healthy(TercetEmbedder embedder) =>
        HealthCheckResult.Healthy($"{embedder.ModelName} on {embedder.Model.Provider}, batches of {embedder.BatchSize}.");
}
