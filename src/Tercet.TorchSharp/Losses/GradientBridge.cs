using static TorchSharp.torch;

namespace Tercet.TorchSharp;

/// <summary>Puts a value and a gradient that were computed outside torch into its graph.</summary>
internal static class GradientBridge
{
    /// <summary>
    /// A scalar that equals <paramref name="value"/> and whose derivative with respect to <paramref name="embeddings"/> is <paramref name="gradient"/>:
    /// s − detach(s) + value with s = Σ embeddings ∘ gradient. Autograd goes on from there into the network as from any other loss.
    /// </summary>
    public static Tensor Scalar(Tensor embeddings, Tensor gradient, double value)
    {
        using IDisposable scope = NewDisposeScope();
        Tensor surrogate = (embeddings * gradient.to(embeddings.device)).sum();
        return (surrogate - surrogate.detach()).add(value).MoveToOuterDisposeScope();
    }
}
