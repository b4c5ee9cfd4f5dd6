using Tercet.Interchange;

namespace Tercet.Train.Example;

/// <summary>The embedder that comes with the program: drawings to 64 numbers. <c>README.md</c> beside this file says how it was trained and how well it does.</summary>
internal static class ExampleModel
{
    private const string Resource = "Tercet.Train.Example.quickdraw.onnx";

    /// <summary>Writes the model, and beside it the description of its input that <c>tercet embed</c> reads.</summary>
    /// <param name="path">The ONNX file to write or replace.</param>
    /// <exception cref="TercetException">A file cannot be written.</exception>
    public static void Write(string path)
    {
        Copy(Resource, path);
        Copy(Resource + ".json", path + ".json");
    }

    private static void Copy(string resource, string path)
    {
        using Stream content = typeof(ExampleModel).Assembly.GetManifestResourceStream(resource)
            ?? throw new InvalidOperationException($"The program was built without {resource}.");
        AtomicFile.Write(path, content.CopyTo);
    }
}
