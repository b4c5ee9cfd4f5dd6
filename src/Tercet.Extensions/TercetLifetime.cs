using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Tercet.Extensions;

/// <summary>Loads and warms a model before the host takes requests, and lets it answer what it has accepted before the host ends.</summary>
internal sealed class TercetLifetime(IServiceProvider services, string? key) : IHostedService
{
    private volatile TercetEmbedder? _started;

    /// <summary>The service, once it can be used.</summary>
    public TercetEmbedder? Started => _started;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        // Off the starting thread, so that services of other models load at the same time where the host starts them so.
        await Task.Run(
            () => _started = key is null ? services.GetRequiredService<TercetEmbedder>() : services.GetRequiredKeyedService<TercetEmbedder>(key),
            cancellationToken).ConfigureAwait(false);
    }

    public Task StopAsync(CancellationToken cancellationToken) => _started?.DrainAsync(cancellationToken) ?? Task.CompletedTask;
}
