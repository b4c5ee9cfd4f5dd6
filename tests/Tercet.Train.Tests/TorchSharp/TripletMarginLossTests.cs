using Tercet.Mining;
using Tercet.TorchSharp;
using TorchSharp;
using static TorchSharp.torch;

namespace Tercet.Train.Tests.TorchSharp;

public sealed class TripletMarginLossTests
{
    public static TheoryData<DistanceMetric, LossReduction, bool> Cases
    {
        get
        {
            TheoryData<DistanceMetric, LossReduction, bool> data = [];
            foreach (DistanceMetric metric in Enum.GetValues<DistanceMetric>())
            {
                foreach (LossReduction reduction in Enum.GetValues<LossReduction>())
                {
                    data.Add(metric, reduction, false);
                    data.Add(metric, reduction, true);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Forward_MinedTriplets_ValueAndGradientEqualAutograd(DistanceMetric metric, LossReduction reduction, bool smooth)
    {
        using IDisposable scope = NewDisposeScope();
        (Tensor inputs, Tensor labels) = TorchData.Batch(classes: 4, each: 5, dimension: 9);
        Tensor weight = torch.randn(9, 7).requires_grad_();
        using RuleMiner miner = new(new MiningOptions { Rule = MiningRule.SemiHard, Metric = metric, Fallback = SemiHardFallback.HardestNegative });
        using TripletMarginLoss loss = new(0.3, smooth, new EmbeddingDistance(metric, NormalizeEmbeddings: true), reduction);

        // A network of one layer before the loss and a factor behind it: the gradient must go through both.
        Tensor embeddings = inputs.matmul(weight);
        MinedTriplets mined = miner.Mine(nn.functional.normalize(embeddings), labels);
        Tensor ours = loss.forward(embeddings, mined) * 3;
        ours.backward();
        Tensor gradient = weight.grad!.clone();

        weight.grad!.zero_();
        Tensor distances = TorchData.Distances(nn.functional.normalize(inputs.matmul(weight)), metric);
        (Tensor a, Tensor p, Tensor n) = mined.ToTensors();
        Tensor gaps = distances.index(TensorIndex.Tensor(a), TensorIndex.Tensor(p)) - distances.index(TensorIndex.Tensor(a), TensorIndex.Tensor(n));
        Tensor terms = smooth ? nn.functional.softplus(gaps, 1, 100) : nn.functional.relu(gaps + 0.3);
        Tensor theirs = TorchData.Reduce(terms, reduction) * 3;
        theirs.backward();

        Assert.Equal(80, mined.Triplets.Length);
        Assert.Equal(theirs.ToDouble(), ours.ToDouble(), 2e-6 * Math.Max(1, theirs.ToDouble()));
        double size = weight.grad!.abs().max().ToDouble();
        Assert.True(size > 1e-3);
        Assert.InRange(TorchData.Gap(gradient, weight.grad!), 0, 1e-5 * size);
    }

    [Theory]
    [InlineData(DistanceMetric.SquaredEuclidean)]
    [InlineData(DistanceMetric.Euclidean)]
    [InlineData(DistanceMetric.Cosine)]
    public void Forward_AllTriplets_ValueAndGradientEqualAutograd(DistanceMetric metric)
    {
        using IDisposable scope = NewDisposeScope();
        (Tensor embeddings, Tensor labels) = TorchData.Batch(classes: 3, each: 4, dimension: 6);
        Tensor ours = embeddings.clone().requires_grad_();
        Tensor theirs = embeddings.clone().requires_grad_();
        using TripletMarginLoss loss = new(0.2, distance: new EmbeddingDistance(metric, NormalizeEmbeddings: true));

        Tensor value = loss.call(ours, labels);
        value.backward();

        Tensor distances = TorchData.Distances(nn.functional.normalize(theirs), metric);
        Tensor same = labels.unsqueeze(0).eq(labels.unsqueeze(1));
        Tensor positives = same.logical_and(torch.eye(12).to_type(ScalarType.Bool).logical_not());
        Tensor valid = positives.unsqueeze(2).logical_and(same.logical_not().unsqueeze(1)).to_type(ScalarType.Float32);
        Tensor terms = nn.functional.relu(distances.unsqueeze(2) - distances.unsqueeze(1) + 0.2) * valid;
        Tensor expected = terms.sum() / terms.count_nonzero();
        expected.backward();

        Assert.Equal(expected.ToDouble(), value.ToDouble(), 1e-5);
        Assert.Equal(12L * 3 * 8, loss.Last.Terms);
        Assert.InRange(TorchData.Gap(ours.grad!, theirs.grad!), 0, 1e-5);
    }

    [Fact]
    public void Forward_PytorchMetricLearningDefaults_AreTheirs()
    {
        using TripletMarginLoss loss = new();

        Assert.Equal((0.05, false, EmbeddingDistance.Lp, LossReduction.MeanNonZero), (loss.Margin, loss.SmoothLoss, loss.Distance, loss.Reducer));
        Assert.Equal(new EmbeddingDistance(DistanceMetric.Euclidean, true), loss.Distance);
    }

    [Fact]
    public void Forward_NoTriplets_IsZeroWithZeroGradient()
    {
        using IDisposable scope = NewDisposeScope();
        Tensor rows = torch.randn(4, 3).requires_grad_();
        using TripletMarginLoss loss = new();

        Tensor value = loss.call(rows, torch.zeros(4, dtype: ScalarType.Int64));
        value.backward();

        Assert.Equal(0, value.ToDouble());
        Assert.Equal(0, rows.grad!.abs().max().ToDouble());
    }

    [Fact]
    public void Forward_WrongShapesAndValues_AreNamed()
    {
        using IDisposable scope = NewDisposeScope();
        using TripletMarginLoss loss = new(distance: EmbeddingDistance.Cosine);
        using TripletMarginLoss smooth = new(smoothLoss: true);
        Tensor labels = torch.zeros(3, dtype: ScalarType.Int64);

        Assert.Contains("Float64", Assert.Throws<ArgumentException>(() => loss.call(torch.zeros(3, 2, dtype: ScalarType.Float64), labels)).Message, StringComparison.Ordinal);
        Assert.Contains("[3, 2, 1]", Assert.Throws<ArgumentException>(() => loss.call(torch.zeros(3, 2, 1), labels)).Message, StringComparison.Ordinal);
        Assert.Contains("4 whole numbers", Assert.Throws<ArgumentException>(() => loss.call(torch.zeros(4, 2), labels)).Message, StringComparison.Ordinal);
        Assert.ThrowsAny<ArgumentException>(() => loss.call(torch.full(3, 2, float.NaN), labels));
        Assert.Throws<InvalidOperationException>(() => smooth.call(torch.zeros(3, 2), labels));
        Assert.Throws<ArgumentOutOfRangeException>(() => new TripletMarginLoss(-1));
    }
}
