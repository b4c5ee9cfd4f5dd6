using System.Collections.Immutable;
using System.Diagnostics;

namespace Tercet.Galleries.Indexing;

/// <summary>The last stage of the pipeline: rows go to the writer, in the order of the list.</summary>
internal sealed class IndexWrite(GalleryWriter writer, IReadOnlyList<string> paths, IndexOptions options, int dimension)
{
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly ImmutableArray<SkippedImage>.Builder _skipped = ImmutableArray.CreateBuilder<SkippedImage>();
    private int _done;
    private int _added;
    private int _replaced;
    private int _unchanged;
    private int _durable;

    private IndexProgress Progress => new(_done, paths.Count, _added + _replaced, _unchanged, _skipped.Count, _durable, Stopwatch.GetElapsedTime(_start));

    public void Take(IndexBatch batch)
    {
        for (int i = 0; i < batch.Count; i++)
            Take(paths[batch.First + i], batch.First + i, batch.Items[i], batch.Rows);
        _done += batch.Count;
        if (writer.PendingCount >= options.CommitRows)
            Commit();
        options.Progress?.Report(Progress);
    }

    public IndexResult Finish()
    {
        Commit();
        options.Progress?.Report(Progress);
        return new IndexResult(Progress, _added, _replaced, _skipped.ToImmutable(), writer.Generation);
    }

    private void Commit()
    {
        writer.Commit();
        _durable = _added + _replaced;
    }

    private void Take(string path, int place, IndexItem item, float[] rows)
    {
        if (item.Failure is { } failure)
        {
            if (options.StopAtFailure)
            {
                Commit();
                throw failure;
            }

            _skipped.Add(new SkippedImage(place, path, failure.Reason, failure.Message));
            return;
        }

        if (item.Slot < 0)
        {
            _unchanged++;
            return;
        }

        GalleryRowFacts facts = new() { Label = options.LabelOf?.Invoke(path) ?? "", Source = path, Time = item.Time, Digest = item.Digest };
        ReadOnlySpan<float> row = rows.AsSpan(item.Slot * dimension, dimension);
        if (item.Id < 0)
        {
            writer.Add(row, facts);
            _added++;
        }
        else
        {
            writer.Put(item.Id, row, facts);
            _replaced++;
        }
    }
}
