using TorchSharp;
using static TorchSharp.torch;

namespace TorchPeer;

/// <summary>The bare product of queries and a gallery by PyTorch's own BLAS: the whole product, or so many gallery rows at a time into an output that stays in cache.</summary>
internal sealed class GalleryProduct(NpyArray gallery, NpyArray queries)
{
    private readonly Tensor _gallery = tensor(gallery.As<float>(), gallery.Shape);
    private readonly Tensor _queries = tensor(queries.As<float>(), queries.Shape);
    private readonly Dictionary<long, Tensor> _outputs = [];

    /// <summary>Runs <c>sgemm</c> or <c>sgemm:TILE</c>.</summary>
    public long Run(string request)
    {
        string[] parts = request.Split(':');
        if (parts[0] != "sgemm")
            throw new ArgumentException($"no workload '{request}'");
        long count = _gallery.shape[0], tile = parts.Length > 1 ? long.Parse(parts[1]) : count;
        using IDisposable mode = inference_mode(true);
        for (long start = 0; start < count; start += tile)
        {
            using DisposeScope scope = NewDisposeScope();
            long rows = Math.Min(tile, count - start);
            if (!_outputs.TryGetValue(rows, out Tensor? output))
                _outputs[rows] = output = empty(_queries.shape[0], rows).DetachFromDisposeScope();
            output.addmm_(_queries, _gallery.narrow(0, start, rows).t(), beta: 0, alpha: 1);
        }

        return count;
    }
}
