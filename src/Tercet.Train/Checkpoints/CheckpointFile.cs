using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using Tercet.Interchange;
using Tercet.Train.Output;

namespace Tercet.Train.Checkpoints;

/// <summary>
/// A checkpoint in one file: a mark, four sections (header as JSON, weights, optimiser, list) each behind its length, and the SHA-256 of all that. It is
/// written beside its name and put in place whole; a file whose digest is not its content's is not read.
/// </summary>
internal static class CheckpointFile
{
    private static readonly byte[] Mark = "TERCETC1"u8.ToArray();

    public static void Write(string path, Checkpoint checkpoint)
    {
        using MemoryStream content = new();
        content.Write(Mark);
        using BinaryWriter writer = new(content);
        Section(JsonSerializer.SerializeToUtf8Bytes(checkpoint.Header, TrainJsonTypes.Default.CheckpointHeader));
        Section(checkpoint.Weights);
        Section(checkpoint.Optimizer);
        Section(MemoryMarshal.AsBytes<int>(checkpoint.List));
        ReadOnlySpan<byte> bytes = content.GetBuffer().AsSpan(0, (int)content.Length);
        writer.Write(SHA256.HashData(bytes));
        byte[] file = content.ToArray();
        AtomicFile.Write(path, stream => stream.Write(file));

        void Section(ReadOnlySpan<byte> section)
        {
            writer.Write(section.Length);
            writer.Write(section);
            writer.Flush();
        }
    }

    /// <summary>Reads a checkpoint.</summary>
    /// <exception cref="InvalidFileException">The file cannot be read, or is not whole.</exception>
    public static Checkpoint Read(string path)
    {
        try
        {
            byte[] file = File.ReadAllBytes(path);
            int length = file.Length - SHA256.HashSizeInBytes;
            if (length < Mark.Length || !file.AsSpan().StartsWith(Mark))
                throw new InvalidFileException(path, "is no checkpoint of this version");
            if (!SHA256.HashData(file.AsSpan(0, length)).AsSpan().SequenceEqual(file.AsSpan(length)))
                throw new InvalidFileException(path, "is torn or damaged: its content is not what its checksum says");

            using BinaryReader reader = new(new MemoryStream(file, Mark.Length, length - Mark.Length));
            byte[] header = Section();
            return new Checkpoint
            {
                Header = JsonSerializer.Deserialize(header, TrainJsonTypes.Default.CheckpointHeader) ?? throw new JsonException("the header is null"),
                Weights = Section(),
                Optimizer = Section(),
                List = MemoryMarshal.Cast<byte, int>(Section()).ToArray(),
            };

            byte[] Section() => reader.ReadBytes(reader.ReadInt32());
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new InvalidFileException(path, $"cannot be read: {failure.Message}", failure);
        }
    }
}
