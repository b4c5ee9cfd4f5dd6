using static TorchSharp.torch;

namespace Tercet.TorchSharp;

/// <summary>(pixel − mean) · scale, the same for all channels: the first layer of a network that takes pixels from 0 to 255. <see cref="OnnxExport"/> knows it.</summary>
/// <param name="mean">What is taken off.</param>
/// <param name="scale">The factor.</param>
public sealed class PixelScale(float mean = 127.5f, float scale = 1 / 127.5f) : nn.Module<Tensor, Tensor>(nameof(PixelScale))
{
    /// <summary>What is taken off.</summary>
    public float Mean { get; } = mean;

    /// <summary>The factor.</summary>
    public float Scale { get; } = scale;

    /// <summary>Scales.</summary>
    /// <param name="input">Pixels, <c>[N, C, H, W]</c>.</param>
    /// <returns>The scaled pixels.</returns>
    public override Tensor forward(Tensor input)
    {
        using IDisposable scope = NewDisposeScope();
        return input.sub(Mean).mul(Scale).MoveToOuterDisposeScope();
    }
}
