using System.Text.Json;
using SkiaSharp;
using Tercet.Interchange;
using Tercet.Memory;

namespace Tercet.Tests.Cli;

public sealed class LossAndEvaluateCommandTests : IDisposable
{
    private readonly WorkFolder _folder = new();

    public LossAndEvaluateCommandTests() => _folder.WriteBatch(identities: 4, perIdentity: 5, dimension: 6);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Loss_BatchAll_IsTheSumOverEveryTriplet()
    {
        JsonElement json = Run("loss", "--rule", "batch-all", "--margin", "0.7", "--reduction", "sum").Succeeded().Json;
        using PinnedMatrix rows = NpyFile.ReadMatrix(_folder["E.npy"]);
        long[] labels = NpyFile.ReadLabels(_folder["L.npy"]);
        (double sum, long terms) = (0, 0);
        for (int a = 0; a < 20; a++)
        {
            for (int p = 0; p < 20; p++)
            {
                for (int n = 0; n < 20 && p != a && labels[p] == labels[a]; n++)
                {
                    if (labels[n] == labels[a])
                        continue;
                    terms++;
                    sum += Math.Max(0, Distance(rows, a, p) - Distance(rows, a, n) + 0.7);
                }
            }
        }

        Assert.Equal(sum, json.GetProperty("loss").GetDouble(), 1e-3);
        Assert.Equal(terms, json.GetProperty("terms").GetInt64());
        Assert.Equal(JsonValueKind.Null, json.GetProperty("gradient_norm").ValueKind);
    }

    [Fact]
    public void Loss_GradientOut_HasTheShapeOfTheRowsAndSumsToZero()
    {
        JsonElement json = Run("loss", "--rule", "batch-hard", "--margin", "1", "--normalize", "--gradient-out", "G.npy").Succeeded().Json;
        using PinnedMatrix gradient = NpyFile.ReadMatrix(_folder["G.npy"]);
        Assert.Equal((20, 6), (gradient.Rows, gradient.Columns));
        Assert.True(json.GetProperty("gradient_norm").GetDouble() > 0);
        Assert.Equal(20, json.GetProperty("terms").GetInt64());

        // Distances do not change when all rows move together, so the gradients of all rows cancel.
        Assert.Equal(0, gradient.Buffer.Span.ToArray().Where((_, i) => i % 6 == 2).Sum(), 1e-4);
    }

    [Fact]
    public void Evaluate_SeparatedClusters_IsPerfectAndDrawn()
    {
        JsonElement json = Run("evaluate", "--far", "0.1,0.05", "--folds", "5", "--threshold", "0.1", "--plot", "P.png").Succeeded().Json;
        Assert.Equal((20, 6, 4, 40L, 150L), (json.GetProperty("n").GetInt32(), json.GetProperty("d").GetInt32(), json.GetProperty("identities").GetInt32(), json.GetProperty("same_pairs").GetInt64(), json.GetProperty("different_pairs").GetInt64()));
        Assert.InRange(json.GetProperty("auc").GetDouble(), 0.9, 1);
        Assert.Equal([0.1, 0.05], json.GetProperty("validation_at_far").EnumerateArray().Select(point => point.GetProperty("target_far").GetDouble()));
        Assert.Equal(0.1, json.GetProperty("at_threshold").GetProperty("threshold").GetDouble());
        Assert.Equal(5, json.GetProperty("best_threshold").GetProperty("folds").GetInt32());
        Assert.InRange(json.GetProperty("rank1").GetDouble(), 0.9, 1);
        using SKBitmap plot = SKBitmap.Decode(_folder["P.png"]);
        Assert.Equal(1920, plot.Width);
        Assert.Contains("AUC", CliProcess.Run(_folder.Path, "evaluate", "--embeddings", "E.npy", "--labels", "L.txt").Succeeded().Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Evaluate_OneLabel_GivesNullsNotNaN()
    {
        NpyFile.WriteLabels(_folder["L.npy"], new long[20]);
        JsonElement json = Run("evaluate", "--plot", "P.png").Succeeded().Json;
        Assert.Equal(JsonValueKind.Null, json.GetProperty("auc").ValueKind);
        Assert.Equal(1, json.GetProperty("rank1").GetDouble());
        Assert.True(File.Exists(_folder["P.png"]));
    }

    [Fact]
    public void Evaluate_AGallery_IsTheSameAsItsFiles()
    {
        CliProcess.Run(_folder.Path, "index", "import", "--embeddings", "E.npy", "--labels", "L.txt", "--gallery", "G").Succeeded();
        string[] options = ["--suggest", "0.1,0.02", "--confidence", "0.9", "--rank", "1,2", "--json"];
        JsonElement gallery = CliProcess.Run(_folder.Path, ["evaluate", "--gallery", "G", .. options]).Succeeded().Json;
        JsonElement files = CliProcess.Run(_folder.Path, ["evaluate", "--embeddings", "E.npy", "--labels", "L.txt", .. options]).Succeeded().Json;

        Assert.Equal(files.GetRawText(), gallery.GetRawText());
        JsonElement suggestion = gallery.GetProperty("suggestions")[0];
        Assert.InRange(suggestion.GetProperty("far").GetDouble(), suggestion.GetProperty("far_interval")[0].GetDouble(), Math.Min(0.1, suggestion.GetProperty("far_interval")[1].GetDouble()));
        Assert.Equal(2, gallery.GetProperty("recall_at").GetArrayLength());
        Assert.Contains("threshold for FAR 0.1", CliProcess.Run(_folder.Path, ["evaluate", "--gallery", "G", .. options[..2]]).Succeeded().Output, StringComparison.Ordinal);
        CliProcess.Run(_folder.Path, "evaluate", "--gallery", "G", "--labels", "L.txt").Failed(2, "leave out");
        CliProcess.Run(_folder.Path, "evaluate", "--labels", "L.txt").Failed(2, "--embeddings");
    }

    private static double Distance(PinnedMatrix rows, int i, int j)
    {
        double sum = 0;
        for (int k = 0; k < rows.Columns; k++)
            sum += Math.Pow((double)rows.Span[i, k] - rows.Span[j, k], 2);
        return sum;
    }

    private CliResult Run(string verb, params string[] options) =>
        CliProcess.Run(_folder.Path, [verb, "--embeddings", "E.npy", "--labels", "L.npy", "--json", .. options]);
}
