using Microsoft.Extensions.VectorData;
using Tercet.Galleries;

namespace Tercet.VectorData;

/// <summary>The gallery of a collection: opened when it is first needed, written by one call at a time.</summary>
internal sealed class OpenGallery(string folder, GalleryOptions options) : IDisposable
{
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly Lock _lock = new();
    private Gallery? _gallery;
    private bool _disposed;

    public bool Exists => IsGallery(folder);

    public static bool IsGallery(string folder) => File.Exists(Path.Combine(folder, "manifest"));

    /// <summary>The last commit that is known.</summary>
    /// <exception cref="VectorStoreException">There is no such collection.</exception>
    public GallerySnapshot Snapshot()
    {
        lock (_lock)
            return Open().Snapshot();
    }

    /// <summary>Makes the gallery if there is none.</summary>
    public Task Create(Func<GallerySchema> schema, CancellationToken cancellationToken) => Exclusively(
        () =>
        {
            lock (_lock)
            {
                if (!Exists)
                    _gallery = Gallery.Create(folder, schema(), options);
            }
        },
        cancellationToken);

    /// <summary>Changes the gallery in one commit, which every search that begins afterwards sees.</summary>
    public Task Write(Action<GalleryWriter> change, CancellationToken cancellationToken) => Exclusively(
        () =>
        {
            Gallery gallery;
            lock (_lock)
                gallery = Open();
            using (GalleryWriter writer = gallery.OpenWriter())
            {
                change(writer);
                writer.Commit();
            }

            gallery.Reload();
        },
        cancellationToken);

    /// <summary>Deletes the gallery's folder, if there is one.</summary>
    public Task Delete(CancellationToken cancellationToken) => Exclusively(
        () =>
        {
            lock (_lock)
            {
                if (!Exists)
                    return;
                _gallery?.Dispose();
                _gallery = null;

                // Whoever else writes it is asked to end first; and without its manifest half a folder is no gallery.
                using (Gallery gallery = Gallery.Open(folder, options))
                using (gallery.OpenWriter())
                    File.Delete(Path.Combine(folder, "manifest"));
                Directory.Delete(folder, recursive: true);
            }
        },
        cancellationToken);

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            _gallery?.Dispose();
            _gallery = null;
        }
    }

    private Gallery Open()
    {
        ObjectDisposedException.ThrowIf(_disposed, typeof(GalleryVectorStore));
        if (_gallery is not null)
            return _gallery;
        return Exists ? _gallery = Gallery.Open(folder, options) : throw new VectorStoreException($"The collection '{Path.GetFileName(folder)}' does not exist.");
    }

    // Writing waits for the disk; the caller's thread does not.
    private async Task Exclusively(Action act, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await Task.Run(act, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _writing.Release();
        }
    }
}
