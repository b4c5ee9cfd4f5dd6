using Microsoft.Extensions.FileSystemGlobbing;
using Microsoft.Extensions.FileSystemGlobbing.Abstractions;

namespace Tercet.Cli.Input;

/// <summary>The image files that the arguments of <c>embed</c> stand for, in ordinal order of their paths, each once.</summary>
/// <param name="Paths">The files.</param>
/// <param name="Ignored">Number of files inside folders that were left out because their names do not end like an image's.</param>
internal sealed record ImageFiles(IReadOnlyList<string> Paths, int Ignored)
{
    /// <summary>What the files inside a folder must end in. A file named by itself or by a pattern may be called anything.</summary>
    private static readonly string[] Extensions = [".jpg", ".jpeg", ".png", ".webp"];

    /// <summary>Finds the files.</summary>
    /// <param name="arguments">Files, folders (searched to the bottom), or patterns with <c>*</c> and <c>**</c>.</param>
    /// <exception cref="TercetException">An argument stands for nothing.</exception>
    public static ImageFiles Find(IEnumerable<string> arguments)
    {
        SortedSet<string> paths = new(StringComparer.Ordinal);
        int ignored = 0;
        foreach (string argument in arguments)
        {
            if (File.Exists(argument))
            {
                paths.Add(argument);
                continue;
            }

            string[] found = Directory.Exists(argument) ? InFolder(argument, ref ignored) : Matching(argument);
            if (found.Length == 0)
                throw new TercetException(Directory.Exists(argument) ? $"{argument}: the folder holds no image ({string.Join(" ", Extensions)})" : $"{argument}: no file matches");
            paths.UnionWith(found);
        }

        return new ImageFiles([.. paths], ignored);
    }

    private static string[] InFolder(string folder, ref int ignored)
    {
        string[] all = Directory.GetFiles(folder, "*", new EnumerationOptions { RecurseSubdirectories = true });
        string[] images = [.. all.Where(path => Extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase))];
        ignored += all.Length - images.Length;
        return images;
    }

    private static string[] Matching(string pattern)
    {
        string[] parts = pattern.Split('/', Path.DirectorySeparatorChar);
        int wild = Array.FindIndex(parts, part => part.Contains('*', StringComparison.Ordinal));
        if (wild < 0)
            throw new TercetException($"{pattern}: no such file or folder");
        string root = string.Join('/', parts[..wild]);
        DirectoryInfo folder = new(root.Length > 0 ? root : pattern.StartsWith('/') ? "/" : ".");
        if (!folder.Exists)
            return [];
        Matcher matcher = new Matcher(StringComparison.Ordinal).AddInclude(string.Join('/', parts[wild..]));
        return [.. matcher.Execute(new DirectoryInfoWrapper(folder)).Files.Select(match => wild == 0 ? match.Path : $"{root}/{match.Path}")];
    }
}
