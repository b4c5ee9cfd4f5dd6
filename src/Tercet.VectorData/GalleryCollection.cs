using System.Linq.Expressions;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.VectorData;
using Microsoft.Extensions.VectorData.ProviderServices;
using Tercet.Galleries;
using Tercet.Search;
using Tercet.VectorData.Filtering;
using Tercet.VectorData.Records;

namespace Tercet.VectorData;

/// <summary>One gallery as a collection of records.</summary>
internal sealed class GalleryCollection<TKey, TRecord> : VectorStoreCollection<TKey, TRecord>
    where TKey : notnull
    where TRecord : class
{
    private readonly OpenGallery _gallery;
    private readonly RecordMapper<TRecord> _mapper;
    private readonly OperationTelemetry _telemetry;
    private readonly Func<GallerySchema, GallerySchema>? _newSchema;

    public GalleryCollection(string name, OpenGallery gallery, RecordMapper<TRecord> mapper, OperationTelemetry telemetry, Func<GallerySchema, GallerySchema>? newSchema)
    {
        Name = name;
        (_gallery, _mapper, _telemetry, _newSchema) = (gallery, mapper, telemetry, newSchema);
    }

    public override string Name { get; }

    private VectorPropertyModel Vector => _mapper.Model.VectorProperty;

    private bool GeneratesVectors => !RecordModelBuilder.IsVector(Vector.Type);

    public override Task<bool> CollectionExistsAsync(CancellationToken cancellationToken = default) => _telemetry.Run("collection_exists", Name, () => Task.FromResult(_gallery.Exists));

    public override Task EnsureCollectionExistsAsync(CancellationToken cancellationToken = default) =>
        _telemetry.Run("create_collection", Name, () => _gallery.Create(NewSchema, cancellationToken));

    public override Task EnsureCollectionDeletedAsync(CancellationToken cancellationToken = default) =>
        _telemetry.Run("delete_collection", Name, () => _gallery.Delete(cancellationToken));

    public override async Task<TRecord?> GetAsync(TKey key, RecordRetrievalOptions? options = null, CancellationToken cancellationToken = default)
    {
        long id = RecordMapper<TRecord>.IdOf(key, nameof(key));
        TRecord[] found = await Get([id], options?.IncludeVectors == true, cancellationToken).ConfigureAwait(false);
        return found.Length == 0 ? null : found[0];
    }

    public override async IAsyncEnumerable<TRecord> GetAsync(IEnumerable<TKey> keys, RecordRetrievalOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(keys);
        long[] ids = [.. keys.Select(key => RecordMapper<TRecord>.IdOf(key, nameof(keys)))];
        if (ids.Length == 0)
            yield break;
        foreach (TRecord record in await Get(ids, options?.IncludeVectors == true, cancellationToken).ConfigureAwait(false))
            yield return record;
    }

    public override async IAsyncEnumerable<TRecord> GetAsync(
        Expression<Func<TRecord, bool>> filter,
        int top,
        FilteredRecordRetrievalOptions<TRecord>? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentOutOfRangeException.ThrowIfLessThan(top, 1);
        options ??= new FilteredRecordRetrievalOptions<TRecord>();
        RequireVectors(options.IncludeVectors);
        RowFilter rows = new RowFilterTranslator().Translate(filter, _mapper.Model);
        RowOrder<TRecord> order = RowOrder<TRecord>.Of(options, _mapper);
        TRecord[] page = await _telemetry.Run("get", Name, () =>
        {
            using GallerySnapshot snapshot = Snapshot();
            IEnumerable<GalleryRow> matching = Until(snapshot.Rows(), cancellationToken).Where(rows.Passes);
            return Task.FromResult<TRecord[]>([.. order.Sort(matching).Skip(options.Skip).Take(top).Select(row => _mapper.Read(row, options.IncludeVectors))]);
        }).ConfigureAwait(false);
        foreach (TRecord record in page)
            yield return record;
    }

    public override Task DeleteAsync(TKey key, CancellationToken cancellationToken = default)
    {
        long id = RecordMapper<TRecord>.IdOf(key, nameof(key));
        return Delete([id], cancellationToken);
    }

    public override Task DeleteAsync(IEnumerable<TKey> keys, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(keys);
        long[] ids = [.. keys.Select(key => RecordMapper<TRecord>.IdOf(key, nameof(keys)))];
        return ids.Length == 0 ? Task.CompletedTask : Delete(ids, cancellationToken);
    }

    public override Task UpsertAsync(TRecord record, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(record);
        return UpsertAsync([record], cancellationToken);
    }

    /// <summary>All records in one commit, or none of them.</summary>
    public override async Task UpsertAsync(IEnumerable<TRecord> records, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(records);
        TRecord[] all = [.. records];
        if (all.Length == 0)
            return;
        if (Array.IndexOf(all, null) is >= 0 and int missing)
            throw new ArgumentException($"Record {missing} is null.", nameof(records));
        IReadOnlyList<Embedding>? vectors = GeneratesVectors
            ? await Vector.GenerateEmbeddingsAsync(all.Select(record => Vector.GetValueAsObject(record)), cancellationToken).ConfigureAwait(false)
            : null;
        await _telemetry.Run("upsert", Name, () => _gallery.Write(
            writer =>
            {
                Require(writer.Schema);
                for (int i = 0; i < all.Length; i++)
                    _mapper.Put(writer, all[i], vectors?[i]);
            },
            cancellationToken)).ConfigureAwait(false);
    }

    public override async IAsyncEnumerable<VectorSearchResult<TRecord>> SearchAsync<TInput>(
        TInput searchValue,
        int top,
        VectorSearchOptions<TRecord>? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(searchValue);
        ArgumentOutOfRangeException.ThrowIfLessThan(top, 1);
        options ??= new VectorSearchOptions<TRecord>();
        RequireVectors(options.IncludeVectors);
        _ = _mapper.Model.GetVectorPropertyOrSingle(options);
        RowFilter? filter = options.Filter is null ? null : new RowFilterTranslator().Translate(options.Filter, _mapper.Model);
        ReadOnlyMemory<float> query = await QueryOf(searchValue, cancellationToken).ConfigureAwait(false);
        List<VectorSearchResult<TRecord>> page = await _telemetry.Run("vector_search", Name, () => Task.FromResult(Search(query, top, filter, options))).ConfigureAwait(false);
        foreach (VectorSearchResult<TRecord> result in page)
            yield return result;
    }

    public override object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(VectorStoreCollectionMetadata) ? new VectorStoreCollectionMetadata { VectorStoreSystemName = GalleryVectorStore.SystemName, VectorStoreName = _telemetry.StoreName, CollectionName = Name }
            : serviceType.IsInstanceOfType(this) ? this
            : null;
    }

    private Task<TRecord[]> Get(long[] ids, bool includeVectors, CancellationToken cancellationToken)
    {
        RequireVectors(includeVectors);
        cancellationToken.ThrowIfCancellationRequested();
        return _telemetry.Run("get", Name, () =>
        {
            using GallerySnapshot snapshot = Snapshot();
            List<TRecord> found = new(ids.Length);
            foreach (long id in ids)
            {
                if (snapshot.TryGet(id, out GalleryRow row))
                    found.Add(_mapper.Read(row, includeVectors));
            }

            return Task.FromResult<TRecord[]>([.. found]);
        });
    }

    private Task Delete(long[] ids, CancellationToken cancellationToken) => _telemetry.Run("delete", Name, () => _gallery.Write(
        writer =>
        {
            foreach (long id in ids)
                writer.Remove(id);
        },
        cancellationToken));

    private List<VectorSearchResult<TRecord>> Search(ReadOnlyMemory<float> query, int top, RowFilter? filter, VectorSearchOptions<TRecord> options)
    {
        using GallerySnapshot snapshot = Snapshot();
        GalleryNeighbor[] nearest = new GalleryNeighbor[(int)Math.Min((long)top + options.Skip, snapshot.Count)];
        int found = filter switch
        {
            { Label: { } label } when nearest.Length <= FlatIndex.LargestK => snapshot.Search(query.Span, label, nearest),
            null when nearest.Length <= FlatIndex.LargestK => snapshot.Search(query.Span, nearest),
            _ => snapshot.Search(query.Span, filter is null ? static _ => true : filter.Passes, nearest),
        };
        Score score = ScoreOf(snapshot.Schema);
        List<VectorSearchResult<TRecord>> page = [];
        for (int i = options.Skip; i < found; i++)
        {
            double value = score.At(nearest[i].Distance);
            if (options.ScoreThreshold is { } threshold && !score.Reaches(value, threshold))
                break;
            if (snapshot.TryGet(nearest[i].Id, out GalleryRow row))
                page.Add(new VectorSearchResult<TRecord>(_mapper.Read(row, options.IncludeVectors), value));
        }

        return page;
    }

    private async Task<ReadOnlyMemory<float>> QueryOf<TInput>(TInput value, CancellationToken cancellationToken)
        where TInput : notnull
    {
        if (RecordMapper<TRecord>.AsVector(value) is { } vector)
            return vector;
        if (Vector.EmbeddingGenerationDispatcher is not null && await Vector.GenerateEmbeddingAsync(value, cancellationToken).ConfigureAwait(false) is Embedding<float> generated)
            return generated.Vector;
        throw Vector.EmbeddingGenerator is null
            ? new NotSupportedException(VectorDataStrings.InvalidSearchInputAndNoEmbeddingGeneratorWasConfigured(typeof(TInput), RecordModelBuilder.VectorTypes))
            : new InvalidOperationException(VectorDataStrings.IncompatibleEmbeddingGeneratorWasConfiguredForInputType(typeof(TInput), Vector.EmbeddingGenerator.GetType()));
    }

    private GallerySnapshot Snapshot()
    {
        GallerySnapshot snapshot = _gallery.Snapshot();
        try
        {
            Require(snapshot.Schema);
            return snapshot;
        }
        catch
        {
            snapshot.Dispose();
            throw;
        }
    }

    private GallerySchema NewSchema()
    {
        GallerySchema wanted = new() { Dimension = Vector.Dimensions, Metric = _mapper.Score.Metric ?? Score.DefaultMetric };
        GallerySchema chosen = _newSchema?.Invoke(wanted) ?? wanted;
        Require(chosen);
        return chosen;
    }

    private void Require(GallerySchema schema)
    {
        if (schema.Dimension != Vector.Dimensions)
            throw new VectorStoreException($"The gallery '{Name}' has rows of {schema.Dimension} floats, and '{Vector.ModelName}' {Vector.Dimensions}.");
        if (_mapper.Score.Metric is { } metric && metric != schema.Metric)
            throw new VectorStoreException($"The gallery '{Name}' has the metric {schema.Metric}, and '{Vector.ModelName}' asks for {Vector.DistanceFunction}.");
    }

    // A record that names no distance function gets the similarity, where the gallery's metric has one.
    private Score ScoreOf(GallerySchema schema) => _mapper.Score.Metric is not null ? _mapper.Score : schema.Metric switch
    {
        SearchMetric.Cosine => new Score(schema.Metric, -1, 1),
        SearchMetric.InnerProduct => new Score(schema.Metric, -1, 0),
        _ => new Score(schema.Metric, 1, 0),
    };

    private void RequireVectors(bool includeVectors)
    {
        if (includeVectors && GeneratesVectors)
            throw new NotSupportedException(VectorDataStrings.IncludeVectorsNotSupportedWithEmbeddingGeneration);
    }

    private static IEnumerable<GalleryRow> Until(IEnumerable<GalleryRow> rows, CancellationToken cancellationToken)
    {
        foreach (GalleryRow row in rows)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return row;
        }
    }
}
