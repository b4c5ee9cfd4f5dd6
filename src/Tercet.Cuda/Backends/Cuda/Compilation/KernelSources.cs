using System.Reflection;
using System.Security.Cryptography;
using System.Text;

namespace Tercet.Backends.Cuda.Compilation;

/// <summary>The kernels' CUDA C++, by the names that they include each other by.</summary>
internal sealed class KernelSources
{
    /// <summary>The file that includes all others.</summary>
    public const string Root = "all.cu";

    private const string Prefix = "tercet_source/";

    // Where nothing is compiled the library behind SHA-256 need not be there.
    private readonly Lazy<string> _hash;

    /// <summary>Takes files.</summary>
    /// <param name="files">Name → text; one of them is <see cref="Root"/>.</param>
    public KernelSources(IReadOnlyDictionary<string, string> files)
    {
        Files = files;
        _hash = new Lazy<string>(ComputeHash);
    }

    /// <summary>The sources that the assembly was built with.</summary>
    public static KernelSources Embedded { get; } = new(Read(typeof(KernelSources).Assembly));

    /// <summary>Name → text.</summary>
    public IReadOnlyDictionary<string, string> Files { get; }

    /// <summary>SHA-256 of all names and texts.</summary>
    public string Hash => _hash.Value;

    private string ComputeHash()
    {
        StringBuilder all = new();
        foreach ((string name, string text) in Files.OrderBy(file => file.Key, StringComparer.Ordinal))
            all.Append(name).Append('\0').Append(text).Append('\0');
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(all.ToString())));
    }

    private static Dictionary<string, string> Read(Assembly assembly)
    {
        Dictionary<string, string> files = [];
        foreach (string resource in assembly.GetManifestResourceNames())
        {
            if (!resource.StartsWith(Prefix, StringComparison.Ordinal))
                continue;
            using StreamReader reader = new(assembly.GetManifestResourceStream(resource)!, Encoding.UTF8);
            files.Add(resource[Prefix.Length..], reader.ReadToEnd());
        }

        return files;
    }
}
