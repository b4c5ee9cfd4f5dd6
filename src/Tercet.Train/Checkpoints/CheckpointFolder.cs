using System.Globalization;

namespace Tercet.Train.Checkpoints;

/// <summary>The checkpoints of one run: the newest few, by step.</summary>
internal sealed class CheckpointFolder(string path)
{
    /// <summary>How many are kept: the newest, and two to fall back on.</summary>
    public const int Kept = 3;

    private const string Prefix = "step-";
    private const string Suffix = ".ckpt";

    /// <summary>Writes one, whole or not at all, then removes the oldest beyond those kept, and what killed runs left half written.</summary>
    public void Write(Checkpoint checkpoint)
    {
        Directory.CreateDirectory(path);
        CheckpointFile.Write(Path.Combine(path, string.Create(CultureInfo.InvariantCulture, $"{Prefix}{checkpoint.Header.Step:D8}{Suffix}")), checkpoint);
        foreach (string old in NewestFirst().Skip(Kept))
            File.Delete(old);
        foreach (string leftover in Directory.GetFiles(path, $".{Prefix}*.tmp"))
            File.Delete(leftover);
    }

    /// <summary>The newest that is whole.</summary>
    /// <param name="refused">Told of each that is not.</param>
    /// <exception cref="TercetException">There is none.</exception>
    public Checkpoint Newest(Action<string> refused)
    {
        foreach (string file in NewestFirst())
        {
            try
            {
                return CheckpointFile.Read(file);
            }
            catch (InvalidFileException failure)
            {
                refused(failure.Message);
            }
        }

        throw new TercetException($"{path}: there is no whole checkpoint to resume from; begin anew with --data");
    }

    private IEnumerable<string> NewestFirst() =>
        Directory.Exists(path) ? Directory.GetFiles(path, $"{Prefix}*{Suffix}").OrderDescending(StringComparer.Ordinal) : [];
}
