using Tercet.Mining;
using TorchSharp;
using static TorchSharp.torch;

namespace Tercet.Train.Tests.TorchSharp;

/// <summary>Batches to mine, and the losses written in torch itself.</summary>
internal static class TorchData
{
    public static (Tensor Embeddings, Tensor Labels) Batch(int classes, int each, int dimension, long seed = 1)
    {
        torch.manual_seed(seed);
        Tensor embeddings = torch.randn(classes * each, dimension);
        Tensor labels = torch.arange(classes, dtype: ScalarType.Int64).repeat_interleave(each);
        return (embeddings, labels);
    }

    /// <summary>d(i, j) of all rows in torch operations that autograd knows.</summary>
    public static Tensor Distances(Tensor rows, DistanceMetric metric)
    {
        if (metric == DistanceMetric.Cosine)
        {
            Tensor unit = nn.functional.normalize(rows);
            return 1 - unit.matmul(unit.t());
        }

        Tensor squared = (rows.unsqueeze(1) - rows.unsqueeze(0)).square().sum(-1);
        return metric == DistanceMetric.SquaredEuclidean ? squared : (squared + torch.eye(rows.shape[0])).sqrt();
    }

    public static Tensor Reduce(Tensor terms, LossReduction reduction) => reduction switch
    {
        LossReduction.Sum => terms.sum(),
        LossReduction.Mean => terms.mean(),
        _ => terms.sum() / terms.count_nonzero(),
    };

    /// <summary>The largest difference of two tensors' elements.</summary>
    public static double Gap(Tensor a, Tensor b) => (a - b).abs().max().ToDouble();
}
