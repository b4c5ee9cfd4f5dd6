using System.Buffers;
using System.Globalization;
using System.Text;
using Tercet.Interchange;

namespace Tercet.Galleries.Exchange;

/// <summary>
/// Galleries as comma-separated text that PostgreSQL's <c>COPY … WITH (FORMAT csv, HEADER)</c> loads into a table with pgvector's type, and that other programs read too.
/// </summary>
public static class GalleryCsv
{
    /// <summary>
    /// Writes all rows in order of id: a header, then <c>id,label,source,time,digest,vector</c>. Texts stand in quotes, also empty ones; times are ISO 8601 in UTC; digests are hexadecimal after
    /// <c>\x</c>, or nothing where there is none; vectors are <c>"[0.25,-1]"</c>, with the digits that give the same float32 again. The file is written whole or not at all.
    /// </summary>
    /// <param name="snapshot">The rows.</param>
    /// <param name="path">The file.</param>
    /// <returns>Number of rows.</returns>
    /// <exception cref="TercetException">The file cannot be written, a block of the gallery is damaged, or a text holds the character 0, which PostgreSQL has not.</exception>
    public static long Export(GallerySnapshot snapshot, string path)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        AtomicFile.Write(path, stream =>
        {
            ArrayBufferWriter<byte> line = new();
            stream.Write("id,label,source,time,digest,vector\n"u8);
            foreach (GalleryRow row in snapshot.Rows())
            {
                line.ResetWrittenCount();
                Write(line, row, path);
                stream.Write(line.WrittenSpan);
            }
        });
        return snapshot.Count;
    }

    private static void Write(ArrayBufferWriter<byte> line, GalleryRow row, string path)
    {
        Write(line, row.Id, "");
        line.Write(","u8);
        WriteText(line, row.LabelUtf8, row.Id, path);
        line.Write(","u8);
        WriteText(line, row.SourceUtf8, row.Id, path);
        line.Write(","u8);
        Write(line, row.Time.UtcDateTime, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'");
        line.Write(","u8);
        if (row.HasDigest)
        {
            line.Write("\\x"u8);
            line.Write(Encoding.ASCII.GetBytes(Convert.ToHexStringLower(row.Digest)));
        }

        line.Write(",\"["u8);
        ReadOnlySpan<float> vector = row.Vector;
        for (int k = 0; k < vector.Length; k++)
        {
            if (k > 0)
                line.Write(","u8);
            Write(line, vector[k], "R");
        }

        line.Write("]\"\n"u8);
    }

    private static void Write<T>(ArrayBufferWriter<byte> line, T value, string format)
        where T : IUtf8SpanFormattable
    {
        const int Longest = 64;
        if (!value.TryFormat(line.GetSpan(Longest), out int written, format, CultureInfo.InvariantCulture))
            throw new InvalidOperationException($"{value} takes more than {Longest} characters.");
        line.Advance(written);
    }

    private static void WriteText(ArrayBufferWriter<byte> line, ReadOnlySpan<byte> text, long id, string path)
    {
        if (text.Contains((byte)0))
            throw new TercetException($"{path}: the label or source of row {id} holds the character 0, which PostgreSQL has not");
        line.Write("\""u8);
        for (int quote; (quote = text.IndexOf((byte)'"')) >= 0; text = text[(quote + 1)..])
        {
            line.Write(text[..quote]);
            line.Write("\"\""u8);
        }

        line.Write(text);
        line.Write("\""u8);
    }
}
