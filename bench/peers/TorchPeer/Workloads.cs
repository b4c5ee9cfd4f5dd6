using TorchSharp;
using static TorchSharp.torch;

namespace TorchPeer;

/// <summary>The PyTorch forms of the mining rules, re-created from their definitions; line for line those of torch_peer.py.</summary>
internal sealed class Workloads
{
    private const float Margin = 0.2f;

    private readonly Tensor _x;
    private readonly Tensor _copy;
    private readonly Tensor _labels;
    private readonly Tensor _positives;
    private readonly Tensor _hasPositive;
    private readonly long _n;
    private readonly int _width;
    private Tensor? _product;
    private Tensor? _tile;
    private List<(Tensor Anchor, Tensor Positive, Tensor Negative)>? _kept;

    public Workloads(NpyArray embeddings, NpyArray labels)
    {
        _n = embeddings.Shape[0];
        _x = tensor(embeddings.As<float>(), embeddings.Shape);
        _copy = _x.clone();
        long[] names = labels.As<long>();
        _labels = tensor(names, [_n]);

        // Each anchor's positives, padded: the labels are the caller's, so the table is not part of what is timed.
        int[][] classes = [.. Enumerable.Range(0, names.Length).GroupBy(row => names[row]).Select(group => group.ToArray())];
        _width = classes.Max(rows => rows.Length) - 1;
        long[] table = new long[_n * _width];
        bool[] there = new bool[_n * _width];
        foreach (int[] rows in classes)
        {
            foreach (int anchor in rows)
            {
                int slot = anchor * _width;
                foreach (int other in rows.Where(other => other != anchor))
                    (table[slot], there[slot++]) = (other, true);
            }
        }

        _positives = tensor(table, [_n, _width]);
        _hasPositive = tensor(there, [_n, _width]);
    }

    public long Run(string request)
    {
        string[] parts = request.Split(':');
        int tile = parts.Length > 1 ? int.Parse(parts[1]) : 1024;
        if (parts[0] == "pml-loss")
            return AllTripletsLoss();
        using IDisposable mode = inference_mode(true);
        using DisposeScope scope = NewDisposeScope();
        return parts[0] switch
        {
            "sgemm" => Product(),
            "batch-hard" => BatchHard(tile),
            "semi-hard" => SemiHard(tile),
            "pml-semi-hard" => AllTriplets(),
            _ => throw new ArgumentException($"no workload '{request}'"),
        };
    }

    /// <summary>Runs a mining workload and writes what it selected: (anchor, positive, negative) as raw 64-bit integers.</summary>
    public long Write(string request, string path)
    {
        _kept = [];
        Run(request);
        using BinaryWriter writer = new(File.Create(path));
        long count = 0;
        foreach ((Tensor anchor, Tensor positive, Tensor negative) in _kept)
        {
            long[] a = anchor.data<long>().ToArray(), p = positive.data<long>().ToArray(), n = negative.data<long>().ToArray();
            for (int index = 0; index < a.Length; index++, count++)
            {
                writer.Write(a[index]);
                writer.Write(p[index]);
                writer.Write(n[index]);
            }
        }

        _kept = null;
        return count;
    }

    private long Product()
    {
        _product ??= empty(_n, _n).DetachFromDisposeScope();
        _product.addmm_(_x, _copy.t(), beta: 0, alpha: 1);
        return _n;
    }

    // Rows of unit norm: the order of d² = 2 − 2s is that of −s.
    private Tensor Similarities(long start, long end, int tile)
    {
        if (_tile is null || _tile.shape[0] != tile)
        {
            _tile?.Dispose();
            _tile = empty(tile, _n).DetachFromDisposeScope();
        }

        return _tile.narrow(0, 0, end - start).addmm_(_x.narrow(0, start, end - start), _x.t(), beta: 0, alpha: 1);
    }

    private long BatchHard(int tile)
    {
        for (long start = 0; start < _n; start += tile)
        {
            using DisposeScope scope = NewDisposeScope();
            long end = Math.Min(_n, start + tile);
            Tensor similarity = Similarities(start, end, tile);
            Tensor same = _labels.narrow(0, start, end - start).unsqueeze(1).eq(_labels.unsqueeze(0));
            (_, Tensor negative) = similarity.masked_fill(same, float.NegativeInfinity).max(1);
            (_, Tensor positive) = similarity.masked_fill_(same.logical_not_(), float.PositiveInfinity).min(1);
            _kept?.Add(Keep(arange(start, end), positive, negative));
        }

        return _n;
    }

    private long SemiHard(int tile)
    {
        long count = 0;
        for (long start = 0; start < _n; start += tile)
        {
            using DisposeScope scope = NewDisposeScope();
            long end = Math.Min(_n, start + tile), rows = end - start;
            Tensor distance = Similarities(start, end, tile).mul_(-2).add_(2);
            Tensor same = _labels.narrow(0, start, rows).unsqueeze(1).eq(_labels.unsqueeze(0));
            Tensor positives = _positives.narrow(0, start, rows);
            Tensor bounds = distance.gather(1, positives);
            (Tensor sorted, Tensor order) = distance.masked_fill_(same, float.PositiveInfinity).sort(1);
            Tensor position = searchsorted(sorted, bounds, right: true).clamp_max_(_n - 1);
            Tensor found = sorted.gather(1, position).isfinite().logical_and_(_hasPositive.narrow(0, start, rows));
            Tensor negative = order.gather(1, position).masked_select(found);
            count += negative.shape[0];
            _kept?.Add(Keep(arange(start, end).unsqueeze(1).expand(rows, _width).masked_select(found), positives.masked_select(found), negative));
        }

        return count;
    }

    // pytorch-metric-learning's algorithm: every valid triplet as three index tensors, taken from an N × N × N mask.
    private (Tensor Anchor, Tensor Positive, Tensor Negative) TripletIndices()
    {
        Tensor same = _labels.unsqueeze(1).eq(_labels.unsqueeze(0));
        Tensor different = same.logical_not();
        same.diagonal(0, 0, 1).fill_(false);
        Tensor[] indices = where(same.unsqueeze(2) * different.unsqueeze(1));
        return (indices[0], indices[1], indices[2]);
    }

    private long AllTriplets()
    {
        (Tensor a, Tensor p, Tensor n) = TripletIndices();
        Tensor distance = _x.mm(_x.t()).mul_(-2).add_(2);
        Tensor gap = distance[a, n] - distance[a, p];
        Tensor inside = (gap <= Margin) & (gap > 0);
        Tensor[] selected = [a[inside], p[inside], n[inside]];
        return selected[0].shape[0];
    }

    private long AllTripletsLoss()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = _x.detach().clone().requires_grad_(true);
        (Tensor a, Tensor p, Tensor n) = TripletIndices();
        Tensor distance = 2 - (2 * x.mm(x.t()));
        Tensor terms = (distance[a, p] - distance[a, n] + Margin).relu();
        long nonZero = (terms > 0).sum().item<long>();
        (terms.sum() / nonZero).backward();
        return nonZero;
    }

    private static (Tensor Anchor, Tensor Positive, Tensor Negative) Keep(Tensor anchor, Tensor positive, Tensor negative) =>
        (Detached(anchor), Detached(positive), Detached(negative));

    private static Tensor Detached(Tensor tensor) => tensor.contiguous().clone().DetachFromDisposeScope();
}
