using static TorchSharp.torch;

namespace Tercet.TorchSharp;

/// <summary>Scales every row to unit L2 norm, x / max(‖x‖, 10⁻¹²): FaceNet's last layer. <see cref="OnnxExport"/> knows it.</summary>
public sealed class L2Normalize() : nn.Module<Tensor, Tensor>(nameof(L2Normalize))
{
    /// <summary>Below this a norm counts as this.</summary>
    public const double Epsilon = 1e-12;

    /// <summary>Scales.</summary>
    /// <param name="input">The rows, <c>[N, D]</c>.</param>
    /// <returns>The scaled rows.</returns>
    public override Tensor forward(Tensor input) => nn.functional.normalize(input, p: 2, dim: 1, eps: Epsilon);
}
