using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace Tercet.Interchange;

/// <summary>The labels of a set of rows, whichever way they were written down.</summary>
public sealed class Labels
{
    private Labels(long[] values, LabelEncoder? encoder)
    {
        Values = values;
        Encoder = encoder;
    }

    /// <summary>The labels, <c>[N]</c>: the file's own integers, or the codes that <see cref="Encoder"/> gave its strings.</summary>
    public long[] Values { get; }

    /// <summary>What the codes stand for; <see langword="null"/> when the file held integers.</summary>
    public LabelEncoder? Encoder { get; }

    /// <summary>Reads a <c>.npy</c> file of integers, or a text file of one label a line (see <see cref="LabelFile"/>). The file's first bytes tell which it is.</summary>
    /// <param name="path">The file.</param>
    /// <param name="encoder">
    /// Gives the strings their codes; pass one encoder for two files (a batch and a gallery) whose labels mean the same. <see langword="null"/> makes a new one.
    /// Codes mean nothing beside integers: of two such files both must be text or neither, which the caller checks by <see cref="Encoder"/>.
    /// </param>
    /// <exception cref="InvalidFileException">The file cannot be opened, or holds no labels.</exception>
    public static Labels Load(string path, LabelEncoder? encoder = null)
    {
        if (path.EndsWith(".npy", StringComparison.OrdinalIgnoreCase) || IsNpy(path))
            return new Labels(NpyFile.ReadLabels(path), null);
        encoder ??= new LabelEncoder();
        return new Labels(encoder.Encode(LabelFile.Read(path)), encoder);
    }

    /// <summary>What a person calls a label: the string, or the integer itself.</summary>
    /// <param name="label">One of <see cref="Values"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The labels are strings, and none has that code.</exception>
    public string NameOf(long label) => Encoder is null ? label.ToString(CultureInfo.InvariantCulture) : Encoder.Decode(label);

    private static bool IsNpy(string path)
    {
        using SafeFileHandle file = NpyFile.Open(path, FileOptions.None);
        Span<byte> start = stackalloc byte[6];
        try
        {
            return NpyHeader.IsNpy(start[..RandomAccess.Read(file, start, 0)]);
        }
        catch (Exception exception) when (exception is IOException or NotSupportedException or UnauthorizedAccessException)
        {
            throw new InvalidFileException(path, $"cannot be read: {exception.Message}", exception);
        }
    }
}
