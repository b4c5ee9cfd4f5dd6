using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.VectorData;

namespace Tercet.VectorData;

/// <summary>Measures each operation as OpenTelemetry names it, and gives failures the type that users of vector stores expect.</summary>
internal sealed class OperationTelemetry : IDisposable
{
    private static readonly double[] SecondsBuckets = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

    private readonly Meter? _owned;
    private readonly Histogram<double> _duration;

    public OperationTelemetry(string storeName, IMeterFactory? factory)
    {
        StoreName = storeName;
        Meter meter = factory?.Create("Tercet") ?? (_owned = new Meter("Tercet"));
        _duration = meter.CreateHistogram("db.client.operation.duration", "s", "Duration of database client operations.", tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = SecondsBuckets });
    }

    public string StoreName { get; }

    public async Task<T> Run<T>(string operation, string? collection, Func<Task<T>> act)
    {
        long start = Stopwatch.GetTimestamp();
        string? error = null;
        try
        {
            return await act().ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is TercetException or IOException or UnauthorizedAccessException)
        {
            error = failure.GetType().FullName;
            throw new VectorStoreException($"Call to vector store failed: {failure.Message}", failure)
            {
                VectorStoreSystemName = GalleryVectorStore.SystemName,
                VectorStoreName = StoreName,
                CollectionName = collection,
                OperationName = operation,
            };
        }
        catch (Exception failure)
        {
            error = failure.GetType().FullName;
            throw;
        }
        finally
        {
            Record(operation, collection, error, Stopwatch.GetElapsedTime(start));
        }
    }

    public async Task Run(string operation, string? collection, Func<Task> act) => await Run(
        operation,
        collection,
        async () =>
        {
            await act().ConfigureAwait(false);
            return true;
        }).ConfigureAwait(false);

    public void Dispose() => _owned?.Dispose();

    private void Record(string operation, string? collection, string? error, TimeSpan time)
    {
        TagList tags = new()
        {
            { "db.system.name", GalleryVectorStore.SystemName },
            { "db.namespace", StoreName },
            { "db.operation.name", operation },
        };
        if (collection is not null)
            tags.Add("db.collection.name", collection);
        if (error is not null)
            tags.Add("error.type", error);
        _duration.Record(time.TotalSeconds, tags);
    }
}
