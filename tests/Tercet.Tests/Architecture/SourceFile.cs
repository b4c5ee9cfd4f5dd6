using System.Text.RegularExpressions;

namespace Tercet.Tests.Architecture;

/// <summary>A C# file of the repository: its path from the root with forward slashes, its text, and its code without comments.</summary>
internal sealed partial record SourceFile(string Path, string Text, string Code)
{
    /// <summary>Every C# file below a folder of the repository, build outputs left out.</summary>
    public static SourceFile[] Below(string folder) =>
    [
        .. Directory.EnumerateFiles(System.IO.Path.Combine(Repository.Root, folder), "*.cs", SearchOption.AllDirectories)
            .Select(file => (file, path: System.IO.Path.GetRelativePath(Repository.Root, file).Replace('\\', '/')))
            .Where(each => !each.path.Contains("/obj/", StringComparison.Ordinal) && !each.path.Contains("/bin/", StringComparison.Ordinal))
            .Select(each => (each.path, text: File.ReadAllText(each.file)))
            .Select(each => new SourceFile(each.path, each.text, Comment().Replace(each.text, string.Empty)))
            .OrderBy(each => each.Path, StringComparer.Ordinal),
    ];

    public int LineCount => Text.Count(c => c == '\n');

    /// <summary>The folder of src/Tercet, or of its backend src/Tercet.Cuda, that the file lies in; null for the facade's files beside them.</summary>
    public string? Room => Path.Split('/') is ["src", "Tercet" or "Tercet.Cuda", var room, _, ..] ? room : null;

    // A `//` inside a string literal ends it too early, which can only hide the rest of that line.
    [GeneratedRegex(@"//[^\n]*|/\*.*?\*/", RegexOptions.Singleline)]
    private static partial Regex Comment();
}
