using Tercet.Cli.Options;
using Tercet.Extensions;
using Tercet.Galleries;
using Tercet.Mining;
using Tercet.Server.Http;
using Tercet.Server.Options;

namespace Tercet.Server.Endpoints;

/// <summary>The gallery that requests are compared with, if there is one.</summary>
internal sealed class OpenGallery : IDisposable
{
    private readonly Gallery? _gallery;

    /// <exception cref="TercetException">It cannot be read, or is another model's.</exception>
    public OpenGallery(ServerOptions options, ITercetEmbedder embedder)
    {
        if (options.Gallery.Length == 0)
            return;
        _gallery = Gallery.Open(options.Gallery, new GalleryOptions { ReloadEvery = options.GalleryReload });
        try
        {
            _gallery.Require(GallerySchema.For(embedder.Model, _gallery.Schema.Metric, _gallery.Schema.Normalized, _gallery.Schema.Element));
            Name = Path.GetFileName(Path.TrimEndingDirectorySeparator(_gallery.Folder));
        }
        catch
        {
            _gallery.Dispose();
            throw;
        }
    }

    /// <summary>The folder's name.</summary>
    public string Name { get; } = "";

    /// <summary>The name of the metric.</summary>
    public string Metric => GalleryOption.NameOf(Require().Schema.Metric);

    /// <exception cref="HttpFault">There is none.</exception>
    public Gallery Require() => _gallery ?? throw new HttpFault(404, "The server was started without a gallery.");

    /// <summary>Brings a query into the form of the rows.</summary>
    public void Scale(Span<float> query)
    {
        if (Require().Schema.Normalized)
            UnitRows.Normalize(query);
    }

    public void Dispose() => _gallery?.Dispose();
}
