using Tercet.Interchange;

namespace Tercet.Cli.Input;

/// <summary>Where the label of an image comes from: its folder, a file, or nowhere.</summary>
internal sealed class ImageLabels
{
    private readonly Func<string, string> _of;

    private ImageLabels(Func<string, string> of) => _of = of;

    public string Of(string path) => _of(path);

    /// <param name="source"><c>folder</c>, <c>none</c>, or a file with a line <c>path,label</c> for every image; the last comma separates.</param>
    /// <exception cref="TercetException">The file cannot be read, or a line has no comma.</exception>
    public static ImageLabels Read(string source)
    {
        if (source == "none")
            return new ImageLabels(_ => "");
        if (source == "folder")
            return new ImageLabels(path => Path.GetFileName(Path.GetDirectoryName(Path.GetFullPath(path))) ?? "");
        Dictionary<string, string> labels = new(StringComparer.Ordinal);
        string[] lines = LabelFile.Read(source);
        for (int line = 0; line < lines.Length; line++)
        {
            int comma = lines[line].LastIndexOf(',');
            if (comma < 0)
                throw new InvalidFileException(source, $"line {line + 1} has no comma; every line is path,label");
            labels[lines[line][..comma]] = lines[line][(comma + 1)..];
        }

        return new ImageLabels(path => labels.TryGetValue(path, out string? label) ? label : throw new InvalidFileException(source, $"has no line for {path}"));
    }
}
