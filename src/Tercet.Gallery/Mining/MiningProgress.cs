using System.Text.Json;

namespace Tercet.Galleries.Mining;

/// <summary>How far a run came whose result is a file: what is written beside that file after every step, once the step's triplets are on the disk.</summary>
internal sealed record MiningProgress
{
    /// <summary>What was mined, and how; a run of anything else begins anew.</summary>
    public required string Key { get; init; }

    /// <summary>The first anchor that is not done.</summary>
    public required int Next { get; init; }

    /// <summary>Bytes of the unfinished file.</summary>
    public required long Bytes { get; init; }

    public required MiningTotals Totals { get; init; }

    /// <summary>Reads what an earlier run left; null where there is nothing to go on from.</summary>
    public static MiningProgress? Read(string path, string key)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            return JsonSerializer.Deserialize(file, MiningProgressJson.Default.MiningProgress) is { Next: >= 0, Bytes: >= 0, Totals: not null } progress && progress.Key == key ? progress : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Puts this in place of the one before, in one step.</summary>
    public void Write(string path)
    {
        string temporary = path + ".new";
        using (FileStream file = new(temporary, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            JsonSerializer.Serialize(file, this, MiningProgressJson.Default.MiningProgress);
            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
    }
}
