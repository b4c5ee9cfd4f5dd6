using System.Globalization;
using Tercet.Interchange;
using Tercet.Memory;

namespace Tercet.Cli.Input;

/// <summary>Embeddings and their labels, read from two files that must agree.</summary>
internal sealed class LabelledRows : IDisposable
{
    private LabelledRows(PinnedMatrix matrix, Labels labels, string path)
    {
        Matrix = matrix;
        Labels = labels;
        Path = path;
    }

    /// <summary>The embeddings, <c>[N, D]</c>.</summary>
    public PinnedMatrix Matrix { get; }

    /// <summary>The labels, <c>[N]</c>.</summary>
    public Labels Labels { get; }

    /// <summary>The embeddings' file.</summary>
    public string Path { get; }

    /// <summary>Reads both files.</summary>
    /// <param name="embeddingsPath">A .npy file of shape [N, D].</param>
    /// <param name="labelsPath">N labels.</param>
    /// <param name="encoder">The encoder of string labels that another file shares.</param>
    /// <exception cref="TercetException">A file cannot be read, or their row counts differ.</exception>
    public static LabelledRows Load(string embeddingsPath, string labelsPath, LabelEncoder? encoder = null)
    {
        PinnedMatrix matrix = NpyFile.ReadMatrix(embeddingsPath);
        try
        {
            Labels labels = Labels.Load(labelsPath, encoder);
            if (labels.Values.Length != matrix.Rows)
                throw new InvalidFileException(labelsPath, $"{labels.Values.Length} labels for the {matrix.Rows} rows of {embeddingsPath}");
            return new LabelledRows(matrix, labels, embeddingsPath);
        }
        catch
        {
            matrix.Dispose();
            throw;
        }
    }

    /// <summary>The code of a label as the user wrote it; null where no row has it, which is no mistake: a batch may happen to hold no such row.</summary>
    /// <exception cref="TercetException">The labels are integers and <paramref name="written"/> is not.</exception>
    public long? CodeOf(string? written)
    {
        if (written is null)
            return null;
        string label = written.Trim();
        if (Labels.Encoder is { } encoder)
            return encoder.TryGetCode(label, out long code) ? code : null;
        if (long.TryParse(label, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number))
            return number;
        throw new TercetException($"--negative-only-label {written}: the labels are integers, and this is none");
    }

    public void Dispose() => Matrix.Dispose();
}
