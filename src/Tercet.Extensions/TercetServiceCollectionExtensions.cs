using System.Diagnostics.Metrics;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Tercet.Extensions;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds Tercet to a service.</summary>
public static class TercetServiceCollectionExtensions
{
    /// <summary>
    /// Adds a model: <see cref="ITercetEmbedder"/>, <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/> of <see cref="DataContent"/> to
    /// <see cref="Embedding{T}"/>, a health check, and a hosted service that loads and warms the model before the host takes requests and drains it before the host ends.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">Sets the options, which are checked when the host starts.</param>
    public static IServiceCollection AddTercet(this IServiceCollection services, Action<TercetOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        Add(services, null).Configure(configure);
        return services;
    }

    /// <inheritdoc cref="AddTercet(IServiceCollection, Action{TercetOptions})"/>
    /// <param name="services">The services.</param>
    /// <param name="configuration">The options by their names, for instance the section <c>Tercet</c>.</param>
    public static IServiceCollection AddTercet(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        Add(services, null).Configure(options => configuration.Bind(options));
        return services;
    }

    /// <summary>Adds a model under a key; its services are keyed services. Otherwise as <see cref="AddTercet(IServiceCollection, Action{TercetOptions})"/>.</summary>
    /// <param name="services">The services.</param>
    /// <param name="key">The key.</param>
    /// <param name="configure">Sets the options.</param>
    public static IServiceCollection AddTercet(this IServiceCollection services, string key, Action<TercetOptions> configure)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        ArgumentNullException.ThrowIfNull(configure);
        Add(services, key).Configure(configure);
        return services;
    }

    /// <inheritdoc cref="AddTercet(IServiceCollection, string, Action{TercetOptions})"/>
    /// <param name="services">The services.</param>
    /// <param name="key">The key.</param>
    /// <param name="configuration">The options by their names.</param>
    public static IServiceCollection AddTercet(this IServiceCollection services, string key, IConfiguration configuration)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        ArgumentNullException.ThrowIfNull(configuration);
        Add(services, key).Configure(options => configuration.Bind(options));
        return services;
    }

    private static OptionsBuilder<TercetOptions> Add(IServiceCollection services, string? key)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<TercetOptions>, TercetOptionsValidator>());
        if (key is null)
        {
            services.AddSingleton(provider => Create(provider, null));
            services.AddSingleton<ITercetEmbedder>(provider => provider.GetRequiredService<TercetEmbedder>());
            services.AddSingleton<IEmbeddingGenerator<DataContent, Embedding<float>>>(provider => new ImageEmbeddingGenerator(provider.GetRequiredService<ITercetEmbedder>()));
        }
        else
        {
            services.AddKeyedSingleton(key, (provider, _) => Create(provider, key));
            services.AddKeyedSingleton<ITercetEmbedder>(key, (provider, _) => provider.GetRequiredKeyedService<TercetEmbedder>(key));
            services.AddKeyedSingleton<IEmbeddingGenerator<DataContent, Embedding<float>>>(key, (provider, _) => new ImageEmbeddingGenerator(provider.GetRequiredKeyedService<ITercetEmbedder>(key)));
        }

        // One object is the hosted service and what the health check asks.
        string lifetime = key ?? Options.Options.DefaultName;
        services.AddKeyedSingleton(lifetime, (provider, _) => new TercetLifetime(provider, key));
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredKeyedService<TercetLifetime>(lifetime));
        services.AddHealthChecks().Add(new HealthCheckRegistration(
            key is null ? "tercet" : $"tercet {key}", provider => new TercetHealthCheck(provider.GetRequiredKeyedService<TercetLifetime>(lifetime)), null, ["ready"]));
        return services.AddOptions<TercetOptions>(key ?? Options.Options.DefaultName).ValidateOnStart();
    }

    private static TercetEmbedder Create(IServiceProvider provider, string? key) => new(
        provider.GetRequiredService<IOptionsMonitor<TercetOptions>>().Get(key ?? Options.Options.DefaultName), provider.GetService<IMeterFactory>());
}
