using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.VectorData;
using Microsoft.Extensions.VectorData.ProviderServices;
using Tercet.VectorData.Records;

namespace Tercet.VectorData;

/// <summary>
/// Galleries as a vector store: a folder, and in it one gallery a collection, under the collection's name. Every search is exact. Safe to use from many threads; one process writes
/// a collection at a time, and any number read it.
/// </summary>
/// <remarks>
/// A gallery keeps an int64 id (0 or more), one vector, a label, a source, a time and a digest of each row. So a record has a key of type <see cref="long"/>, <see cref="int"/> or
/// <see cref="ulong"/>, one vector, and data properties whose storage names are <c>label</c> and <c>source</c> (<see cref="string"/>), <c>time</c> (<see cref="DateTimeOffset"/>
/// or <see cref="DateTime"/> in UTC, kept to the millisecond) and <c>digest</c> (<see cref="byte"/>[], 32 bytes); others are refused when the collection is asked for. No text and an empty
/// one, and no time and the beginning of 1970, are the same to a gallery; they come back as null where the property can be null.
/// Failures of the gallery are <see cref="VectorStoreException"/>s that hold the <see cref="TercetException"/>.
/// </remarks>
public sealed class GalleryVectorStore : VectorStore
{
    /// <summary>What <c>db.system.name</c> and the metadata call the system.</summary>
    internal const string SystemName = "tercet";

    private readonly GalleryVectorStoreOptions _options;
    private readonly VectorStoreMetadata _metadata;
    private readonly OperationTelemetry _telemetry;
    private readonly Dictionary<string, OpenGallery> _galleries = [];
    private readonly Lock _lock = new();
    private bool _disposed;

    /// <summary>Opens a store.</summary>
    /// <param name="folder">The folder; made with the first collection if it does not exist.</param>
    /// <param name="options">How; <see langword="null"/> means the defaults.</param>
    public GalleryVectorStore(string folder, GalleryVectorStoreOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        Folder = Path.GetFullPath(folder);
        _options = options ?? new GalleryVectorStoreOptions();
        _metadata = new VectorStoreMetadata { VectorStoreSystemName = SystemName, VectorStoreName = Folder };
        _telemetry = new OperationTelemetry(Folder, _options.MeterFactory);
    }

    /// <summary>The folder's full path.</summary>
    public string Folder { get; }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The name cannot be a folder's, or the record is a dictionary: see <see cref="GetDynamicCollection"/>.</exception>
    /// <exception cref="NotSupportedException">A gallery cannot hold such records; the message names the property.</exception>
    [RequiresUnreferencedCode("Properties of the record are found by reflection.")]
    [RequiresDynamicCode("Properties of the record are found by reflection.")]
    public override VectorStoreCollection<TKey, TRecord> GetCollection<TKey, TRecord>(string name, VectorStoreCollectionDefinition? definition = null)
    {
        if (typeof(TRecord) == typeof(Dictionary<string, object?>))
            throw new ArgumentException(VectorDataStrings.GetCollectionWithDictionaryNotSupported);
        return Collection<TKey, TRecord>(name, new RecordModelBuilder().Build(typeof(TRecord), typeof(TKey), definition, _options.EmbeddingGenerator));
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The name cannot be a folder's.</exception>
    /// <exception cref="NotSupportedException">A gallery cannot hold such records; the message names the property.</exception>
    public override VectorStoreCollection<object, Dictionary<string, object?>> GetDynamicCollection(string name, VectorStoreCollectionDefinition definition)
    {
        ArgumentNullException.ThrowIfNull(definition);
        return Collection<object, Dictionary<string, object?>>(name, new RecordModelBuilder().BuildDynamic(definition, _options.EmbeddingGenerator));
    }

    /// <inheritdoc/>
    public override async IAsyncEnumerable<string> ListCollectionNamesAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        string[] names = await _telemetry.Run("list_collection_names", null, () => Task.FromResult(Names())).ConfigureAwait(false);
        foreach (string name in names)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return name;
        }
    }

    /// <inheritdoc/>
    public override Task<bool> CollectionExistsAsync(string name, CancellationToken cancellationToken = default)
    {
        OpenGallery gallery = GalleryOf(name);
        return _telemetry.Run("collection_exists", name, () => Task.FromResult(gallery.Exists));
    }

    /// <inheritdoc/>
    public override Task EnsureCollectionDeletedAsync(string name, CancellationToken cancellationToken = default)
    {
        OpenGallery gallery = GalleryOf(name);
        return _telemetry.Run("delete_collection", name, () => gallery.Delete(cancellationToken));
    }

    /// <inheritdoc/>
    public override object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(VectorStoreMetadata) ? _metadata
            : serviceType.IsInstanceOfType(this) ? this
            : null;
    }

    /// <summary>Closes the galleries of all collections; those cannot be used any more.</summary>
    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        lock (_lock)
        {
            if (_disposed)
                return;
            _disposed = true;
            foreach (OpenGallery gallery in _galleries.Values)
                gallery.Dispose();
        }

        _telemetry.Dispose();
        base.Dispose(disposing);
    }

    private GalleryCollection<TKey, TRecord> Collection<TKey, TRecord>(string name, CollectionModel model)
        where TKey : notnull
        where TRecord : class =>
        new(name, GalleryOf(name), new RecordMapper<TRecord>(model), _telemetry, _options.NewSchema);

    // All collections of one name share what is open, so that each sees at once what another has written.
    private OpenGallery GalleryOf(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (name is "." or ".." || name.AsSpan().IndexOfAny(Path.GetInvalidFileNameChars()) >= 0 || name.AsSpan().ContainsAny('/', '\\'))
            throw new ArgumentException($"'{name}' cannot be the name of a folder, which a collection is.", nameof(name));
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!_galleries.TryGetValue(name, out OpenGallery? gallery))
                _galleries.Add(name, gallery = new OpenGallery(Path.Combine(Folder, name), _options.Gallery));
            return gallery;
        }
    }

    private string[] Names() =>
        Directory.Exists(Folder) ? [.. Directory.GetDirectories(Folder).Where(OpenGallery.IsGallery).Select(folder => Path.GetFileName(folder)).Order(StringComparer.Ordinal)] : [];
}
