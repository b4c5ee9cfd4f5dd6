using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Tercet.Interchange;

namespace Tercet.Backends.Cuda.Compilation;

/// <summary>
/// Compiled kernels on the disk, one file for each combination of what they were made from and for. A file is put in place whole, holds what it is for and
/// a checksum, and is taken for missing where either is not as it should be. A folder that cannot be read or written costs time, never a result.
/// </summary>
internal sealed class KernelCache(string folder)
{
    /// <summary>The environment variable that names the folder.</summary>
    public const string Variable = "TERCET_CUDA_CACHE";

    private const int HashBytes = 32;
    private const int LengthAt = 2 * HashBytes;
    private const int HeaderBytes = LengthAt + sizeof(long);

    /// <summary>The folder.</summary>
    public string Folder { get; } = folder;

    /// <summary>The cache in a folder, in the one that <see cref="Variable"/> names, or in the user's own; null where there is none or the name is empty.</summary>
    /// <param name="folder">The folder; null where it was not given.</param>
    public static KernelCache? Open(string? folder)
    {
        folder ??= Environment.GetEnvironmentVariable(Variable) ?? UsersFolder();
        return folder.Length == 0 ? null : new KernelCache(folder);
    }

    /// <summary>What a compiled image is kept under.</summary>
    /// <param name="sources">What it was made from.</param>
    /// <param name="architecture">What it is for.</param>
    /// <param name="compiler">What made it.</param>
    /// <param name="driverVersion">The driver that is to load it.</param>
    public static string Key(KernelSources sources, string architecture, string compiler, int driverVersion) =>
        $"{sources.Hash} {architecture} {compiler} driver {driverVersion}";

    /// <summary>Finds an image.</summary>
    /// <param name="key">Its key.</param>
    /// <returns>The image; null where there is none, or none that is whole.</returns>
    public byte[]? Find(string key)
    {
        byte[] content;
        try
        {
            content = File.ReadAllBytes(PathOf(key));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        if (content.Length < HeaderBytes || BinaryPrimitives.ReadInt64LittleEndian(content.AsSpan(LengthAt)) != content.Length - HeaderBytes)
            return null;
        bool isTheKeys = HashOf(key).AsSpan().SequenceEqual(content.AsSpan(0, HashBytes));
        bool isWhole = SHA256.HashData(content.AsSpan(HeaderBytes)).AsSpan().SequenceEqual(content.AsSpan(HashBytes, HashBytes));
        return isTheKeys && isWhole ? content[HeaderBytes..] : null;
    }

    /// <summary>Keeps an image.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="image">The image.</param>
    /// <returns>Whether it is kept; not where the folder cannot be written.</returns>
    public bool Keep(string key, byte[] image)
    {
        byte[] length = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(length, image.Length);
        try
        {
            Directory.CreateDirectory(Folder);
            AtomicFile.Write(PathOf(key), stream =>
            {
                stream.Write(HashOf(key));
                stream.Write(SHA256.HashData(image));
                stream.Write(length);
                stream.Write(image);
            });
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or TercetException)
        {
            return false;
        }
    }

    /// <summary>The file of a key.</summary>
    internal string PathOf(string key) => Path.Combine(Folder, Convert.ToHexStringLower(HashOf(key).AsSpan(0, 16)) + ".kernels");

    private static byte[] HashOf(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));

    private static string UsersFolder()
    {
        string root = OperatingSystem.IsWindows()
            ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
            : Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } named ? named
            : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) is { Length: > 0 } home ? Path.Combine(home, ".cache")
            : string.Empty;
        return root.Length == 0 ? string.Empty : Path.Combine(root, "tercet", "kernels");
    }
}
