using Tercet.Cli.Input;

namespace Tercet.Cli.Demo;

/// <summary>The model and the labelled faces of the demo, as <c>bench/assets.sh</c> leaves them.</summary>
/// <param name="Model">The SFace model.</param>
/// <param name="Faces">The pictures, one folder a person.</param>
internal sealed record DemoAssets(string Model, IReadOnlyList<string> Faces)
{
    private const string CacheFolder = ".cache/tercet";

    /// <summary>Finds the files in a folder, or in the cache of this folder or of one above it.</summary>
    /// <exception cref="TercetException">Something is missing; the message says what, where it was looked for and how to get it.</exception>
    public static DemoAssets Find(string? folder)
    {
        folder ??= FindCache() ?? CacheFolder;
        string model = Path.Combine(folder, "sface.onnx");
        string faces = Path.Combine(folder, "faces");
        if (!File.Exists(model))
            throw Missing(model);
        if (!Directory.Exists(faces))
            throw Missing(faces);
        return new DemoAssets(model, ImageFiles.Find([faces]).Paths);
    }

    private static string? FindCache()
    {
        for (DirectoryInfo? at = new(Environment.CurrentDirectory); at is not null; at = at.Parent)
        {
            string cache = Path.Combine(at.FullName, CacheFolder);
            if (Directory.Exists(cache))
                return Path.GetRelativePath(Environment.CurrentDirectory, cache);
        }

        return null;
    }

    private static TercetException Missing(string path) =>
        new($"{path}: missing; run bench/assets.sh in the repository, which fetches the model and the faces, or point --assets to a folder that holds sface.onnx and faces/PERSON/*.jpg");
}
