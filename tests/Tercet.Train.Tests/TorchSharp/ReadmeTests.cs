using Tercet.TorchSharp;
using TorchSharp;
using static TorchSharp.torch;

namespace Tercet.Train.Tests.TorchSharp;

/// <summary>The README's example of training is code that runs: the lines between the markers below stand in it word for word.</summary>
public sealed class ReadmeTests
{
    [Fact]
    public void Example_OnABatch_GivesAGradient()
    {
        using IDisposable scope = NewDisposeScope();
        (Tensor embeddings, Tensor labels) = TorchData.Batch(classes: 4, each: 4, dimension: 6);
        embeddings.requires_grad_();

        Example(embeddings, labels);

        Assert.InRange(embeddings.grad!.abs().max().ToDouble(), 1e-4, 10);
    }

    [Fact]
    public void Example_InTheReadme_IsTheCodeAbove()
    {
        string? root = AppContext.BaseDirectory;
        while (root is not null && !File.Exists(Path.Combine(root, "Engine.sln")))
            root = Path.GetDirectoryName(root);
        string source = File.ReadAllText(Path.Combine(root!, "tests", "Tercet.Train.Tests", "TorchSharp", "ReadmeTests.cs"));
        string readme = File.ReadAllText(Path.Combine(root!, "README.md"));

        string[] lines = [.. source.Split("        // README\n")[1].Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0)];

        Assert.Equal(4, lines.Length);
        Assert.All(lines, line => Assert.Contains(line, readme, StringComparison.Ordinal));
    }

    private static void Example(Tensor embeddings, Tensor labels)
    {
        // README
        using var miner = new BatchHardMiner();
        using var loss = new TripletMarginLoss(margin: 0.2);
        using Tensor value = loss.forward(embeddings, miner.Mine(embeddings, labels));
        value.backward();
        // README
    }
}
