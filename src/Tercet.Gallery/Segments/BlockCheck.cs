using System.IO.Hashing;
using System.Runtime.InteropServices;
using Tercet.Galleries.Files;
using Tercet.Galleries.Format;

namespace Tercet.Galleries.Segments;

/// <summary>Compares every block of a segment, its companion and its cells with its checksum, by reading, so that a failing disk is an error and no crash.</summary>
internal sealed class BlockCheck(IGalleryFiles files, string folder, GallerySchema schema, SegmentEntry segment)
{
    private readonly CompanionLayout _layout = new(segment.Rows, schema.Dimension, segment.Arrow.Bytes);

    public string ArrowPath { get; } = Path.Combine(folder, segment.Name + SegmentNames.Arrow);

    public string CompanionPath { get; } = Path.Combine(folder, segment.Name + SegmentNames.Companion);

    /// <summary>The file of cells; null where there are none.</summary>
    public string? CellsPath { get; } = segment.Cells is null ? null : Path.Combine(folder, segment.Name + SegmentNames.Cells);

    /// <summary>Whether all files are there and have their lengths.</summary>
    /// <exception cref="CorruptGalleryException">They have not.</exception>
    public void CheckLengths()
    {
        CheckLength(ArrowPath, segment.Arrow.Bytes);
        CheckLength(CompanionPath, segment.Companion.Bytes);
        if (CellsPath is not null)
            CheckLength(CellsPath, segment.Cells!.File.Bytes);
    }

    /// <summary>Reads everything.</summary>
    /// <exception cref="CorruptGalleryException">The first block found whose checksum is wrong.</exception>
    public void Run(int threads)
    {
        CheckLengths();
        using IGalleryFile arrow = files.Open(ArrowPath), companion = files.Open(CompanionPath);
        using IGalleryFile? cells = OpenCells();
        Run(arrow, companion, cells, threads);
    }

    /// <summary>Reads everything of files that are open already, and may have lost their names since.</summary>
    /// <inheritdoc cref="Run(int)"/>
    public void Run(IGalleryFile arrow, IGalleryFile companion, IGalleryFile? cells, int threads)
    {
        ulong[] sums = ReadSums(companion);
        Check(arrow, ArrowPath, segment.Arrow.Bytes, sums.AsMemory(0, _layout.ArrowBlocks), threads);
        Check(companion, CompanionPath, _layout.SumsAt, sums.AsMemory(_layout.ArrowBlocks), threads);
        if (cells is null)
            return;
        long length = segment.Cells!.ShapeFor(schema.Dimension).Length;
        Check(cells, CellsPath!, length, ReadSums(cells, CellsPath!, length, BlockSums.BlocksOf(length), segment.Cells.SumsHash), threads);
    }

    /// <summary>Opens the file of cells, if there are any.</summary>
    public IGalleryFile? OpenCells() => CellsPath is null ? null : files.Open(CellsPath);

    /// <summary>
    /// The damaged blocks of the segment's file, missing ones included, ascending. Where the checksums themselves cannot be read, the whole file counts as one block: it
    /// is whole, or all of it is damaged.
    /// </summary>
    /// <exception cref="FileNotFoundException">The file is missing.</exception>
    public SortedSet<long> FindDamage()
    {
        ulong[]? sums = null;
        try
        {
            CheckLength(CompanionPath, segment.Companion.Bytes);
            using IGalleryFile companion = files.Open(CompanionPath);
            sums = ReadSums(companion);
        }
        catch (GalleryException)
        {
            // Then the checksum of the whole file decides.
        }

        SortedSet<long> damaged = [];
        XxHash128 whole = new();
        byte[] buffer = new byte[CorruptGalleryException.BlockBytes];
        using IGalleryFile file = files.Open(ArrowPath);
        for (int block = 0; block < _layout.ArrowBlocks; block++)
        {
            Span<byte> bytes = buffer.AsSpan(0, LengthOf(block, segment.Arrow.Bytes));
            try
            {
                ReadWhole(file, bytes, (long)block * buffer.Length, ArrowPath);
                whole.Append(bytes);
                if (sums is null || XxHash3.HashToUInt64(bytes) == sums[block])
                    continue;
            }
            catch (CorruptGalleryException)
            {
                whole.Append("missing"u8);
            }

            damaged.Add(block);
        }

        return sums is null && Hashes.Of(whole) != segment.Arrow.Hash ? [.. Enumerable.Range(0, _layout.ArrowBlocks).Select(block => (long)block)] : damaged;
    }

    /// <summary>Fills a span, or says what is missing.</summary>
    public static void ReadWhole(IGalleryFile file, Span<byte> bytes, long offset, string path)
    {
        try
        {
            for (int done = 0; done < bytes.Length;)
            {
                int read = file.Read(bytes[done..], offset + done);
                if (read == 0)
                    throw new CorruptGalleryException(path, (offset + done) / CorruptGalleryException.BlockBytes, "the file ends there");
                done += read;
            }
        }
        catch (IOException failure)
        {
            throw new CorruptGalleryException(path, offset / CorruptGalleryException.BlockBytes, $"cannot be read: {failure.Message}", failure);
        }
    }

    private static int LengthOf(long block, long length) => (int)Math.Min(CorruptGalleryException.BlockBytes, length - (block * CorruptGalleryException.BlockBytes));

    private void CheckLength(string path, long bytes)
    {
        try
        {
            using IGalleryFile file = files.Open(path);
            if (file.Length != bytes)
                throw new CorruptGalleryException(path, Math.Min(file.Length, bytes) / CorruptGalleryException.BlockBytes, $"the file has {file.Length} bytes, not {bytes}");
        }
        catch (FileNotFoundException failure)
        {
            throw new CorruptGalleryException(path, -1, "the file is missing", failure);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CorruptGalleryException(path, -1, $"cannot be opened: {failure.Message}", failure);
        }
    }

    private ulong[] ReadSums(IGalleryFile companion) => ReadSums(companion, CompanionPath, _layout.SumsAt, _layout.ArrowBlocks + _layout.OwnBlocks, segment.SumsHash);

    private static ulong[] ReadSums(IGalleryFile file, string path, long offset, int count, string hash)
    {
        ulong[] sums = new ulong[count];
        ReadWhole(file, MemoryMarshal.AsBytes(sums.AsSpan()), offset, path);
        if (Hashes.Of(MemoryMarshal.AsBytes(sums.AsSpan())) != hash)
            throw new CorruptGalleryException(path, offset / CorruptGalleryException.BlockBytes, "the checksums that begin in this block are damaged themselves");
        return sums;
    }

    private static void Check(IGalleryFile file, string path, long length, ReadOnlyMemory<ulong> sums, int threads)
    {
        ParallelOptions options = new() { MaxDegreeOfParallelism = threads == 0 ? Environment.ProcessorCount : threads };
        try
        {
            Parallel.For(0, sums.Length, options, static () => new byte[CorruptGalleryException.BlockBytes], (block, _, buffer) =>
            {
                long offset = (long)block * buffer.Length;
                Span<byte> bytes = buffer.AsSpan(0, LengthOf(block, length));
                ReadWhole(file, bytes, offset, path);
                if (XxHash3.HashToUInt64(bytes) != sums.Span[block])
                    throw new CorruptGalleryException(path, block, "the checksum is not that of the content");
                return buffer;
            }, static _ => { });
        }
        catch (AggregateException many)
        {
            throw many.InnerExceptions.OfType<CorruptGalleryException>().MinBy(failure => failure.Block) ?? many.InnerExceptions[0];
        }
    }
}
