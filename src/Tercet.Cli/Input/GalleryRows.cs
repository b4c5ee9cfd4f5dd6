using CommunityToolkit.HighPerformance;
using Tercet.Interchange;
using Tercet.Memory;

namespace Tercet.Cli.Input;

/// <summary>A gallery and its labels. A float32 file is mapped, not read, so that it may be larger than memory; other types are converted as they are read.</summary>
internal sealed class GalleryRows : IDisposable
{
    private readonly MappedMatrix? _mapped;
    private readonly PinnedMatrix? _read;

    private GalleryRows(string path, string labelsPath, LabelEncoder encoder)
    {
        Path = path;
        NpyHeader header = NpyFile.ReadHeader(path);
        if (header.Type == NpyDataType.F4 && header.DataOffset % sizeof(float) == 0)
            _mapped = NpyFile.MapMatrix(path);
        else
            _read = NpyFile.ReadMatrix(path);
        try
        {
            Labels = Labels.Load(labelsPath, encoder);
            if (Labels.Values.Length != Rows.Height)
                throw new InvalidFileException(labelsPath, $"{Labels.Values.Length} labels for the {Rows.Height} rows of {path}");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The rows, <c>[G, D]</c>.</summary>
    public ReadOnlySpan2D<float> Rows => _mapped is null ? _read!.Span : _mapped.Span;

    /// <summary>The labels, <c>[G]</c>.</summary>
    public Labels Labels { get; }

    /// <summary>The rows' file.</summary>
    public string Path { get; }

    /// <summary>Opens both files.</summary>
    /// <param name="path">A .npy file of shape [G, D].</param>
    /// <param name="labelsPath">G labels.</param>
    /// <param name="encoder">The encoder of string labels that the anchors share.</param>
    /// <exception cref="TercetException">A file cannot be read, or their row counts differ.</exception>
    public static GalleryRows Load(string path, string labelsPath, LabelEncoder encoder) => new(path, labelsPath, encoder);

    public void Dispose()
    {
        _mapped?.Dispose();
        _read?.Dispose();
    }
}
