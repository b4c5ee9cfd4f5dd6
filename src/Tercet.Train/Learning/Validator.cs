using System.Runtime.InteropServices;
using Tercet.Evaluation;
using Tercet.TorchSharp;
using Tercet.Train.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace Tercet.Train.Learning;

/// <summary>How well the network tells identities apart that it was not trained on.</summary>
internal static class Validator
{
    private const int ForwardBatch = 500;
    private static readonly double[] FalseAcceptRates = [0.01, 0.001];

    /// <summary>Embeds the set in evaluation mode and measures it.</summary>
    public static ValidationReport Run(nn.Module<Tensor, Tensor> network, ImageSet images)
    {
        using IDisposable scope = NewDisposeScope();
        using IDisposable still = no_grad();
        bool training = network.training;
        network.eval();
        Tensor embeddings = torch.cat([.. Enumerable.Range(0, images.Count).Chunk(ForwardBatch).Select(rows => network.call(ToTensor(images, rows)))]);
        network.train(training);

        EvaluationOptions options = new() { FalseAcceptRates = FalseAcceptRates, RecallAt = [1], Folds = 2 };
        EvaluationReport report = EvaluationReport.FromEmbeddings(TensorRows.View(embeddings), images.Labels, options);
        IReadOnlyList<ValidationAtFar> validation = report.Verification.ValidationAtFar;
        return new ValidationReport(
            report.Retrieval.Rank1 ?? 0,
            report.Retrieval.MapAtR ?? 0,
            validation.Count > 0 ? validation[0].Validation : 0,
            validation.Count > 1 ? validation[1].Validation : 0);
    }

    /// <summary>Images as the network takes them, <c>[N, C, H, W]</c>.</summary>
    public static Tensor ToTensor(ImageSet images, ReadOnlySpan<int> rows)
    {
        Tensor tensor = torch.empty(rows.Length, images.Channels, images.Height, images.Width);
        images.CopyTo(rows, MemoryMarshal.Cast<byte, float>(tensor.bytes));
        return tensor;
    }
}
