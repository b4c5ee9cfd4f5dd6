using CommunityToolkit.HighPerformance;
using Tercet.Galleries.Segments;
using Tercet.Memory;
using Tercet.Mining;

namespace Tercet.Galleries.Mining;

/// <summary>
/// The rows of a snapshot as one matrix in order of id: where they lie, if they are one float32 segment of which nothing was removed, else a working copy in a
/// file that is mapped. So memory grows by an id and a label a row and not by the rows.
/// </summary>
internal sealed class MinedRows : IDisposable
{
    private readonly Segment? _segment;
    private readonly MappedMatrix? _copy;

    /// <param name="snapshot">The rows; must outlive this.</param>
    /// <param name="options">Which rows, and whether to scale them.</param>
    /// <param name="codes">Gives labels their numbers.</param>
    /// <param name="copyPath">Where to keep a copy, should one be needed.</param>
    /// <exception cref="GalleryException">There are no rows, or too many, or the copy cannot be written.</exception>
    public MinedRows(GallerySnapshot snapshot, GalleryMiningOptions options, LabelCodes codes, string copyPath)
    {
        if (snapshot.Count > Array.MaxLength)
            throw new GalleryException(copyPath, $"{snapshot.Count} rows are more than can be mined at once; choose some");
        Segment[] segments = snapshot.Checked();
        List<long> ids = new((int)snapshot.Count), labels = new((int)snapshot.Count);
        if (segments is [{ Removed.Count: 0 } only] && snapshot.Schema.Element == GalleryElement.Float32 && options.Where is null && !options.Mining.Normalize)
        {
            _segment = only;
            for (int row = 0; row < only.Count; row++)
            {
                ids.Add(only.Id(row));
                labels.Add(codes.Of(only.Label(row)));
            }
        }
        else
        {
            _copy = Copy(snapshot, options, codes, copyPath, ids, labels);
        }

        (Ids, Labels) = ([.. ids], [.. labels]);
        if (Ids.Length == 0)
            throw new GalleryException(copyPath, "there are no rows to mine");
    }

    /// <summary>The rows, <c>[N, D]</c>.</summary>
    public ReadOnlySpan2D<float> Matrix => _segment is null ? _copy!.Span : _segment.Rows;

    /// <summary>Their ids, ascending.</summary>
    public long[] Ids { get; }

    /// <summary>The numbers of their labels.</summary>
    public long[] Labels { get; }

    public void Dispose() => _copy?.Dispose();

    private static MappedMatrix? Copy(GallerySnapshot snapshot, GalleryMiningOptions options, LabelCodes codes, string path, List<long> ids, List<long> labels)
    {
        int dimension = snapshot.Schema.Dimension;
        PinnedBuffer<float> scaled = new(dimension);
        try
        {
            FileStream file = new(path, FileMode.Create, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, 1 << 20, FileOptions.DeleteOnClose);
            try
            {
                foreach (GalleryRow row in snapshot.Rows())
                {
                    if (options.Where is { } where && !where(row))
                        continue;
                    ReadOnlySpan2D<float> vector = ReadOnlySpan2D<float>.DangerousCreate(in row.Vector[0], 1, dimension, 0);
                    file.Write((options.Mining.Normalize ? UnitRows.Scale(vector, ref scaled) : vector).GetRowSpan(0).AsBytes());
                    ids.Add(row.Id);
                    labels.Add(codes.Of(row.LabelUtf8));
                }

                file.Flush();
            }
            catch
            {
                file.Dispose();
                throw;
            }

            if (ids.Count > 0)
                return new MappedMatrix(file, 0, ids.Count, dimension);
            file.Dispose();
            return null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new GalleryException(path, $"the working copy of the rows cannot be written: {failure.Message}; compact the gallery, whose rows are then mined where they lie", failure);
        }
        finally
        {
            scaled.Dispose();
        }
    }
}
