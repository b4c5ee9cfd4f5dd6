using Tercet.Mining;
using Tercet.TorchSharp;
using static TorchSharp.torch;

namespace Tercet.Train.Learning;

/// <summary>From a batch's embeddings to a loss that torch can go back from: mining by the rule of the step, and the loss over what was mined.</summary>
internal sealed class TripletSelection : IDisposable
{
    // With any negative inside the margin, the rule that draws among violating negatives draws among all.
    private const double AnyMargin = 1e6;

    private readonly TrainingOptions _options;
    private readonly RuleMiner _miner = new();
    private readonly TripletMarginLoss _loss;

    public TripletSelection(TrainingOptions options)
    {
        _options = options;
        _loss = new TripletMarginLoss(
            options.Margin,
            options.Loss == LossForm.SoftMargin,
            new EmbeddingDistance(options.Metric, NormalizeEmbeddings: false),
            LossReduction.MeanNonZero,
            IdentityBatchSampler.NegativeOnlyLabel);
    }

    /// <summary>Mines.</summary>
    /// <returns>The triplets, valid until the next call; for batch-all only the statistics mean anything.</returns>
    public MinedTriplets Mine(Tensor embeddings, Tensor labels, TrainingRule rule, int step)
    {
        _miner.Use(OptionsFor(rule, step));
        return _miner.Mine(embeddings, labels);
    }

    /// <summary>The loss, and how many of its terms are above zero.</summary>
    public (Tensor Loss, LossResult Result) Loss(Tensor embeddings, Tensor labels, TrainingRule rule, MinedTriplets mined)
    {
        Tensor loss = rule == TrainingRule.BatchAll ? _loss.call(embeddings, labels) : _loss.forward(embeddings, mined);
        return (loss, _loss.Last);
    }

    /// <summary>The engine's options for a rule; the seed of those that draw follows from the step.</summary>
    public MiningOptions OptionsFor(TrainingRule rule, int step) => new()
    {
        Rule = rule switch
        {
            TrainingRule.HardNegative => MiningRule.HardNegative,
            TrainingRule.BatchHard => MiningRule.BatchHard,
            TrainingRule.RandomSemiHard => MiningRule.RandomSemiHard,
            TrainingRule.Random or TrainingRule.RandomHard => MiningRule.RandomHard,
            TrainingRule.DistanceWeighted => MiningRule.DistanceWeighted,
            TrainingRule.BatchAll => MiningRule.BatchHard,
            _ => MiningRule.SemiHard,
        },
        Metric = _options.Metric,
        Margin = rule == TrainingRule.Random ? AnyMargin : _options.Margin,
        NegativeOnlyLabel = IdentityBatchSampler.NegativeOnlyLabel,
        Seed = Draw.Seed(_options.Seed, Draw.Rule, step),
        Threads = _options.Threads,
        Statistics = StatisticsLevel.Selected,
        CollapseThreshold = _options.CollapseThreshold,
    };

    public void Dispose()
    {
        _miner.Dispose();
        _loss.Dispose();
    }
}
