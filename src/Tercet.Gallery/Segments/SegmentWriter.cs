using System.Numerics.Tensors;
using CommunityToolkit.HighPerformance;
using Tercet.Backends.Cpu.Search;
using Tercet.Backends.Cpu.Search.Cells;
using Tercet.Galleries.Files;
using Tercet.Galleries.Format;
using Tercet.Memory;

namespace Tercet.Galleries.Segments;

/// <summary>
/// Writes a segment, column by column, its companion and, if it has many rows, its cells. What it holds in memory does not grow with the number of rows, but for
/// 16 bytes a row of one that has cells.
/// </summary>
internal sealed class SegmentWriter(string folder, GallerySchema schema, GalleryOptions options, CellProgress progress)
{
    private readonly IGalleryFiles _files = options.Files;

    /// <summary>Writes the rows of some sources, which together have at least one, and no id twice. When this returns they are on the disk, except for the files' names.</summary>
    /// <param name="name">What to call the files.</param>
    /// <param name="sources">The rows.</param>
    /// <exception cref="IOException">A file cannot be written.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public SegmentEntry Write(string name, IRowSource[] sources)
    {
        (int rows, long first, long last, long labelBytes, long sourceBytes) = Measure(sources);
        ArrowLayout layout = new(schema, rows, labelBytes, sourceBytes);
        CompanionLayout companion = new(rows, schema.Dimension, layout.Length);
        string path = Path.Combine(folder, name);
        FileEntry arrow;
        ulong[] arrowSums;
        using (HashingFile file = new(_files, path + SegmentNames.Arrow))
        {
            WriteRows(file, layout, sources);
            arrow = file.Complete();
            arrowSums = [.. file.Sums];
        }

        using HashingFile second = new(_files, path + SegmentNames.Companion);
        double greatestNorm = WriteCompanion(second, companion, sources);
        string sumsHash = BlockSums.Append(second, arrowSums);
        return new SegmentEntry
        {
            Name = name,
            Rows = rows,
            FirstId = first,
            LastId = last,
            LabelBytes = labelBytes,
            SourceBytes = sourceBytes,
            GreatestNorm = greatestNorm,
            Arrow = arrow,
            Companion = second.Complete(),
            SumsHash = sumsHash,
            Cells = rows < options.CellsFrom ? null : WriteCells(path, layout, rows),
        };
    }

    private static (int Rows, long First, long Last, long LabelBytes, long SourceBytes) Measure(IRowSource[] sources)
    {
        int rows = 0;
        long first = 0, last = 0, labels = 0, texts = 0;
        for (RowMerge merge = new(sources); merge.MoveNext();)
        {
            last = merge.Source.Id(merge.Row);
            first = rows++ == 0 ? last : first;
            labels += merge.Source.Label(merge.Row).Length;
            texts += merge.Source.Source(merge.Row).Length;
        }

        return (rows, first, last, labels, texts);
    }

    private void WriteRows(HashingFile file, ArrowLayout layout, IRowSource[] sources)
    {
        file.Write<byte>(layout.Header);
        Half[] halves = new Half[schema.Element == GalleryElement.Float16 ? schema.Dimension : 0];
        for (RowMerge merge = new(sources); merge.MoveNext();)
        {
            ReadOnlySpan<float> vector = merge.Source.Vector(merge.Row);
            if (halves.Length == 0)
            {
                file.Write(vector);
                continue;
            }

            TensorPrimitives.ConvertToHalf(vector, halves);
            file.Write<Half>(halves);
        }

        Begin(file, layout, ArrowColumn.Ids);
        for (RowMerge merge = new(sources); merge.MoveNext();)
            file.Write<long>([merge.Source.Id(merge.Row)]);
        WriteTexts(file, layout, ArrowColumn.LabelOffsets, sources, static (source, row) => source.Label(row));
        WriteTexts(file, layout, ArrowColumn.SourceOffsets, sources, static (source, row) => source.Source(row));
        Begin(file, layout, ArrowColumn.Times);
        for (RowMerge merge = new(sources); merge.MoveNext();)
            file.Write<long>([merge.Source.Time(merge.Row)]);
        Begin(file, layout, ArrowColumn.Digests);
        for (RowMerge merge = new(sources); merge.MoveNext();)
            file.Write(merge.Source.Digest(merge.Row));
        file.PadTo(layout.Length - layout.Trailer.Length);
        file.Write<byte>(layout.Trailer);
    }

    private static void WriteTexts(HashingFile file, ArrowLayout layout, ArrowColumn offsets, IRowSource[] sources, TextOf text)
    {
        Begin(file, layout, offsets);
        long end = 0;
        file.Write<long>([end]);
        for (RowMerge merge = new(sources); merge.MoveNext();)
            file.Write<long>([end += text(merge.Source, merge.Row).Length]);
        Begin(file, layout, offsets + 1);
        for (RowMerge merge = new(sources); merge.MoveNext();)
            file.Write(text(merge.Source, merge.Row));
    }

    private static void Begin(HashingFile file, ArrowLayout layout, ArrowColumn column) => file.PadTo(layout.OffsetOf(column));

    private double WriteCompanion(HashingFile file, CompanionLayout layout, IRowSource[] sources)
    {
        using CompanionEncoder encoder = new(schema.Dimension, schema.Metric);
        using PinnedMatrix chunk = new(Math.Min(CompanionEncoder.ChunkRows, layout.Rows), schema.Dimension);
        CompanionShape shape = layout.Shape;
        ForChunks(chunk, sources, rows =>
        {
            encoder.Encode(rows, codes: false);
            file.Write(encoder.Factors);
        });
        file.PadTo(shape.BiasesAt);
        ForChunks(chunk, sources, rows =>
        {
            encoder.Encode(rows, codes: false);
            file.Write(encoder.Biases);
        });
        for (int i = layout.Rows; i < shape.Padded; i++)
            file.Write<float>([float.PositiveInfinity]);
        file.PadTo(shape.CodesAt);
        ForChunks(chunk, sources, rows =>
        {
            encoder.Encode(rows, codes: true);
            file.Write(encoder.Codes);
        });
        return encoder.GreatestNorm;
    }

    // The rows are read where they have just been written: cells have them in an order of their own.
    private CellsEntry WriteCells(string path, ArrowLayout layout, int rows)
    {
        using MappedFile arrow = new(path + SegmentNames.Arrow);
        using HashingFile file = new(_files, path + SegmentNames.Cells);
        int dimension = schema.Dimension;
        float[] widened = new float[schema.Element == GalleryElement.Float16 ? dimension : 0];
        long vectorsAt = layout.OffsetOf(ArrowColumn.Vectors);
        CellRows source = new(rows, dimension, schema.Metric, row =>
        {
            long first = (long)row * dimension;
            if (widened.Length == 0)
                return arrow.Values<float>(vectorsAt + (sizeof(float) * first), dimension);
            TensorPrimitives.ConvertToSingle(arrow.Values<Half>(vectorsAt + (sizeof(ushort) * first), dimension), widened);
            return widened;
        });
        int threads = options.Threads == 0 ? Environment.ProcessorCount : options.Threads;
        CellShape shape = CellOrder.Build(source, CellShape.CellsFor(rows), seed: 0, threads, progress, _ => bytes => file.Write(bytes));
        string sumsHash = BlockSums.Append(file, []);
        return new CellsEntry(shape.Cells, shape.Blocks, file.Complete(), sumsHash);
    }

    private static void ForChunks(PinnedMatrix chunk, IRowSource[] sources, ChunkAction act)
    {
        int count = 0;
        for (RowMerge merge = new(sources); merge.MoveNext();)
        {
            merge.Source.Vector(merge.Row).CopyTo(chunk.Span.GetRowSpan(count++));
            if (count < chunk.Rows)
                continue;
            act(chunk.Span);
            count = 0;
        }

        if (count > 0)
            act(chunk.Span[..count, ..]);
    }

    private delegate ReadOnlySpan<byte> TextOf(IRowSource source, int row);

    private delegate void ChunkAction(ReadOnlySpan2D<float> rows);
}
