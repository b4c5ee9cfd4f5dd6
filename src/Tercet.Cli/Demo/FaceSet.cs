using Tercet.Interchange;
using Tercet.Memory;

namespace Tercet.Cli.Demo;

/// <summary>Embedded faces and whose they are.</summary>
internal sealed class FaceSet
{
    public FaceSet(PinnedMatrix rows, IReadOnlyList<string> paths)
    {
        Rows = rows;
        Paths = paths;
        Labels = Encoder.Encode([.. paths.Select(Person)]);
    }

    /// <summary>The embeddings, <c>[N, D]</c>, of unit length; the caller disposes them.</summary>
    public PinnedMatrix Rows { get; }

    public IReadOnlyList<string> Paths { get; }

    public long[] Labels { get; }

    public LabelEncoder Encoder { get; } = new();

    /// <summary>The name of a row's file with its folder.</summary>
    public string Name(int row) => $"{Person(row)}/{Path.GetFileName(Paths[row])}";

    /// <summary>Whose face a row is.</summary>
    public string Person(int row) => Person(Paths[row]);

    private static string Person(string path) => Path.GetFileName(Path.GetDirectoryName(path)) ?? "";
}
