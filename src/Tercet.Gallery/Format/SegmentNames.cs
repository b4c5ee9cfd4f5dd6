using System.Globalization;

namespace Tercet.Galleries.Format;

/// <summary>What the files of a gallery are called.</summary>
internal static class SegmentNames
{
    public const string Manifest = "manifest";
    public const string NewManifest = "manifest.new";
    public const string Arrow = ".arrow";
    public const string Companion = ".int8";
    public const string Cells = ".cells";
    public const string Deletions = ".removed";

    private static readonly string[] Endings = [Arrow, Companion, Cells, Deletions];

    public static string Of(long number) => string.Create(CultureInfo.InvariantCulture, $"segment-{number:d8}");

    /// <summary>Whether a file was named by this class, and is no manifest.</summary>
    public static bool IsPart(string name)
    {
        string? ending = Array.Find(Endings, end => name.EndsWith(end, StringComparison.Ordinal));
        return ending is not null && IsName(name[..^ending.Length]);
    }

    /// <summary>Whether a name was made by <see cref="Of"/>: it can name nothing outside its folder.</summary>
    public static bool IsName(string? name) =>
        name is not null && name.StartsWith("segment-", StringComparison.Ordinal) && name.Length is >= 16 and <= 27 && !name.AsSpan(8).ContainsAnyExceptInRange('0', '9');
}
