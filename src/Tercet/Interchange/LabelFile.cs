using System.Text;

namespace Tercet.Interchange;

/// <summary>Labels as text: UTF-8, one label a line, with either line ending; white space around a label does not count.</summary>
public static class LabelFile
{
    /// <summary>Reads the labels.</summary>
    /// <param name="path">The file.</param>
    /// <returns>One label a line, in order; an empty array for an empty file.</returns>
    /// <exception cref="InvalidFileException">The file cannot be opened, is not UTF-8 text, or a line is empty.</exception>
    public static string[] Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string[] lines;
        try
        {
            lines = File.ReadAllLines(path, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true));
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InvalidFileException(path, "there is no such file", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InvalidFileException(path, $"cannot be read: {exception.Message}", exception);
        }
        catch (DecoderFallbackException exception)
        {
            throw new InvalidFileException(path, "not UTF-8 text", exception);
        }

        for (int line = 0; line < lines.Length; line++)
        {
            lines[line] = lines[line].Trim();
            if (lines[line].Length == 0)
                throw new InvalidFileException(path, $"line {line + 1} is empty; every line is one label");
            if (lines[line].Contains('\0'))
                throw new InvalidFileException(path, $"line {line + 1} holds a NUL character; this is no text file");
        }

        return lines;
    }

    /// <summary>Writes one label a line, whole or not at all.</summary>
    /// <param name="path">The file to write or replace.</param>
    /// <param name="labels">The labels.</param>
    /// <exception cref="ArgumentException">A label is empty, has white space around it, or holds a line break: it would not be read back as it is.</exception>
    /// <exception cref="TercetException">The file cannot be written.</exception>
    public static void Write(string path, IReadOnlyList<string> labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        for (int row = 0; row < labels.Count; row++)
        {
            if (labels[row].Length == 0 || labels[row].AsSpan().Trim().Length != labels[row].Length || labels[row].AsSpan().ContainsAny('\n', '\r', '\0'))
                throw new ArgumentException($"Label {row} ('{labels[row]}') is empty, has white space around it, or holds a line break.", nameof(labels));
        }

        AtomicFile.Write(path, stream =>
        {
            using StreamWriter writer = new(stream, leaveOpen: true) { NewLine = "\n" };
            foreach (string label in labels)
                writer.WriteLine(label);
        });
    }
}
