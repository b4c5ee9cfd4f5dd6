using Tercet.Forward;
using Tercet.TorchSharp;
using TorchSharp;
using static TorchSharp.torch;

namespace Tercet.Train.Tests.TorchSharp;

public sealed class OnnxExportTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Save_EveryLayer_RunsAsTheModuleDoes(int channels)
    {
        using IDisposable scope = NewDisposeScope();
        using Folder folder = new();
        torch.manual_seed(3);
        using nn.Module<Tensor, Tensor> network = nn.Sequential(
            new PixelScale(),
            nn.Conv2d(channels, 8, 3, stride: 1, padding: 1, bias: false),
            nn.BatchNorm2d(8),
            nn.PReLU(8),
            nn.MaxPool2d(2),
            nn.Sequential(nn.Conv2d(8, 12, 5, stride: 2, padding: 2, dilation: 1, groups: 4), nn.BatchNorm2d(12), nn.ReLU(), nn.Dropout2d(0.5)),
            nn.AvgPool2d(3, stride: 2, padding: 1),
            nn.PReLU(1, init: 0.1),
            nn.Flatten(),
            nn.Linear(12 * 3 * 4, 20),
            nn.BatchNorm1d(20),
            nn.PReLU(20, init: 0.3),
            nn.Dropout(0.5),
            nn.Linear(20, 16, hasBias: false),
            new L2Normalize());

        // Some steps in training mode give the batch normalisations statistics worth the name.
        for (int i = 0; i < 5; i++)
            network.call(torch.rand(6, channels, 18, 28) * 255);
        string path = Path.Combine(folder.Path, "network.onnx");

        OnnxExport.Save(network, [channels, 18, 28], path, new OnnxExportOptions { Metadata = new Dictionary<string, string> { ["step"] = "5" } });

        Assert.True(network.training);
        network.eval();
        Tensor images = torch.rand(7, channels, 18, 28) * 255;
        Tensor expected = network.call(images);
        using OnnxEmbedder embedder = OnnxEmbedder.Load(path);
        float[,] embeddings = new float[7, 16];
        embedder.Embed(images.data<float>().ToArray(), 7, embeddings);
        Assert.Equal((BatchMode.Dynamic, 16, "5"), (embedder.Info.BatchMode, embedder.Dimension, embedder.Info.Metadata.Custom["step"]));
        Assert.InRange(TorchData.Gap(expected, torch.tensor(embeddings)), 0, 1e-4);
        Assert.True(expected.std(0).mean().ToDouble() > 1e-3);
    }

    [Fact]
    public void Save_AveragedChannels_TakesRgbForAGreyNetwork()
    {
        using IDisposable scope = NewDisposeScope();
        using Folder folder = new();
        torch.manual_seed(4);
        using nn.Module<Tensor, Tensor> network = nn.Sequential(new PixelScale(), nn.Conv2d(1, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5), new L2Normalize());
        string path = Path.Combine(folder.Path, "rgb.onnx");

        OnnxExport.Save(network, [1, 8, 8], path, new OnnxExportOptions { AveragedChannels = 3 });

        Tensor grey = torch.rand(2, 1, 8, 8) * 255;
        network.eval();
        using OnnxEmbedder embedder = OnnxEmbedder.Load(path);
        float[,] embeddings = new float[2, 5];
        embedder.Embed(grey.repeat(1, 3, 1, 1).data<float>().ToArray(), 2, embeddings);
        Assert.InRange(TorchData.Gap(network.call(grey), torch.tensor(embeddings)), 0, 1e-4);
    }

    [Fact]
    public void ToBytes_WhatIsNotExported_IsRefusedByName()
    {
        using IDisposable scope = NewDisposeScope();
        using nn.Module<Tensor, Tensor> unknown = nn.Sequential(nn.Flatten(), nn.Sequential(nn.GELU()));
        using nn.Module<Tensor, Tensor> ceiling = nn.Sequential(nn.MaxPool2d(2, ceil_mode: true));
        using nn.Module<Tensor, Tensor> image = nn.Sequential(nn.ReLU());

        Assert.Contains("1.0 is a GELU", Assert.Throws<NotSupportedException>(() => OnnxExport.ToBytes(unknown, [4])).Message, StringComparison.Ordinal);
        Assert.Contains("ceil_mode", Assert.Throws<NotSupportedException>(() => OnnxExport.ToBytes(ceiling, [1, 4, 4])).Message, StringComparison.Ordinal);
        Assert.Contains("[1, 1, 4, 4]", Assert.Throws<NotSupportedException>(() => OnnxExport.ToBytes(image, [1, 4, 4])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => OnnxExport.ToBytes(image, [4, 4]));
        Assert.Throws<ArgumentException>(() => OnnxExport.ToBytes(image, [4], new OnnxExportOptions { AveragedChannels = 3 }));
    }
}
