using Tercet.TorchSharp;
using static TorchSharp.torch;

namespace Tercet.Train.Network;

/// <summary>
/// A small embedder: pixels scaled, convolutions of stride 2 with batch normalisation and PReLU down to 4 × 4 or so, one linear layer, unit length. With 28 × 28
/// images and the default sizes it has 122,000 weights, half a megabyte.
/// </summary>
internal static class EmbeddingNetwork
{
    private const int SmallestSide = 4;

    public static nn.Module<Tensor, Tensor> Create(int channels, int height, int width, TrainingOptions options)
    {
        List<(string, nn.Module<Tensor, Tensor>)> layers = [("pixels", new PixelScale())];
        int given = channels;
        int made = options.Channels;
        for (int block = 0; Math.Max(height, width) > SmallestSide; block++)
        {
            int kernel = block == 0 ? 5 : 3;
            layers.Add(($"convolution{block}", nn.Conv2d(given, made, kernel, stride: 2, padding: kernel / 2, bias: false)));
            layers.Add(($"norm{block}", nn.BatchNorm2d(made)));
            layers.Add(($"activation{block}", nn.PReLU(made)));
            (height, width) = ((height + 1) / 2, (width + 1) / 2);
            (given, made) = (made, 2 * options.Channels);
        }

        layers.Add(("flatten", nn.Flatten()));
        layers.Add(("linear", nn.Linear((long)given * height * width, options.Dimension)));
        layers.Add(("unit", new L2Normalize()));
        return nn.Sequential(layers);
    }
}
