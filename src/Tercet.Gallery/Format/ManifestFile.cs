using System.Globalization;
using System.Text;
using System.Text.Json;
using Tercet.Galleries.Files;

namespace Tercet.Galleries.Format;

/// <summary>
/// The manifest on disk: a line <c>tercet gallery VERSION LENGTH XXH3-128</c>, then JSON. Version 2 has cells somewhere, version 1 has none. It is the only file that is ever replaced, and only whole, after all files that it
/// names are on the disk.
/// </summary>
internal static class ManifestFile
{
    private const int LargestBytes = 64 << 20;
    private const string Magic = "tercet gallery ";
    private const string Plain = "1";
    private const string WithCells = "2";

    /// <summary>Reads the manifest of a folder.</summary>
    /// <exception cref="GalleryException">There is none, it cannot be read, or is of a later version.</exception>
    /// <exception cref="CorruptGalleryException">It does not hold what was written.</exception>
    public static Manifest Read(IGalleryFiles files, string folder)
    {
        string path = Path.Combine(folder, SegmentNames.Manifest);
        byte[] bytes = ReadAll(files, path, folder);
        int end = bytes.AsSpan().IndexOf((byte)'\n') + 1;
        string head = end is 0 or > 256 ? "" : Encoding.Latin1.GetString(bytes, 0, end);
        if (!head.StartsWith(Magic, StringComparison.Ordinal))
            throw new CorruptGalleryException(path, 0, "it does not begin like a gallery's manifest");
        string version = head[Magic.Length..].Split(' ')[0];
        if (version is not (Plain or WithCells) || head != HeadOf(version, bytes.AsSpan(end)))
        {
            throw version is not (Plain or WithCells) && int.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out _)
                ? new GalleryException(path, $"is of version {version}, or damaged; this program reads versions {Plain} and {WithCells}")
                : new CorruptGalleryException(path, 0, "its checksum is not that of its content");
        }

        try
        {
            Manifest manifest = JsonSerializer.Deserialize(bytes.AsSpan(end), ManifestJson.Default.Manifest) ?? throw new JsonException("It is null.");
            if (ManifestCheck.FindFault(manifest) is { } fault)
                throw new JsonException(fault);
            if (VersionOf(manifest) != version)
                throw new JsonException($"it is of version {VersionOf(manifest)}, not {version}");
            return manifest;
        }
        catch (JsonException failure)
        {
            throw new CorruptGalleryException(path, 0, $"it makes no sense: {failure.Message}", failure);
        }
    }

    /// <summary>Puts a manifest in place of the old one: readers see the one or the other.</summary>
    /// <exception cref="IOException">The old one is still in place.</exception>
    public static void Replace(IGalleryFiles files, string folder, Manifest manifest)
    {
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(manifest, ManifestJson.Default.Manifest);
        string temporary = Path.Combine(folder, SegmentNames.NewManifest);
        using (IGalleryFile file = files.Create(temporary))
        {
            file.Append([.. Encoding.Latin1.GetBytes(HeadOf(VersionOf(manifest), body)), .. body]);
            file.Sync();
        }

        files.Rename(temporary, Path.Combine(folder, SegmentNames.Manifest));
    }

    private static string VersionOf(Manifest manifest) => manifest.Segments.Any(segment => segment.Cells is not null) ? WithCells : Plain;

    private static string HeadOf(string version, ReadOnlySpan<byte> body) =>
        string.Create(CultureInfo.InvariantCulture, $"{Magic}{version} {body.Length} {Hashes.Of(body)}\n");

    private static byte[] ReadAll(IGalleryFiles files, string path, string folder)
    {
        try
        {
            using IGalleryFile file = files.Open(path);
            if (file.Length is < 1 or > LargestBytes)
                throw new CorruptGalleryException(path, -1, $"a manifest of {file.Length} bytes");
            byte[] bytes = new byte[file.Length];
            int done = 0;
            while (done < bytes.Length && file.Read(bytes.AsSpan(done), done) is > 0 and int read)
                done += read;
            return bytes[..done];
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new GalleryException(folder, "is no gallery: there is no manifest in it", failure);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new GalleryException(path, $"cannot be read: {failure.Message}", failure);
        }
    }
}
