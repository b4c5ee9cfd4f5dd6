using System.Diagnostics;
using Tercet.Mining;
using Tercet.TorchSharp;
using Tercet.Train.Checkpoints;
using Tercet.Train.Data;
using Tercet.Train.Network;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Tercet.Train.Learning;

/// <summary>
/// One training, step by step. All that the next step depends on is in <see cref="Capture"/>: a run restored from there goes on bit for bit as this one does, with the
/// same number of threads on the same kind of machine.
/// </summary>
internal sealed class TrainingRun : IDisposable
{
    private readonly ImageSet _images;
    private readonly Adam _optimizer;
    private readonly IdentityBatchSampler _sampler;
    private readonly TripletSelection _selection;
    private readonly TripletMiner _miner = new();
    private readonly OfflineList _list;
    private readonly int[] _rows;
    private readonly long[] _labels;
    private readonly List<int> _listed = [];
    private CollapseGuard _guard = new();
    private double _seconds;

    /// <summary>Begins a training.</summary>
    /// <param name="options">What to do.</param>
    /// <param name="data">What to train on.</param>
    /// <param name="folder">Where offline mining puts its ONNX checkpoint; must exist.</param>
    /// <exception cref="TercetException">The data has too few identities for a batch.</exception>
    public TrainingRun(TrainingOptions options, TrainingData data, string folder)
    {
        if (options.Threads > 0)
            torch.set_num_threads(options.Threads);
        (Options, Data, _images) = (options, data, data.Train);
        try
        {
            _sampler = new IdentityBatchSampler(_images.Labels, options.Identities, options.PerIdentity, options.RandomNegatives, options.Seed);
        }
        catch (ArgumentOutOfRangeException failure)
        {
            throw new TercetException($"{options.Data}: a batch of {options.Identities} identities cannot be drawn: {failure.Message.Split('(')[0].Trim()}", failure);
        }

        _rows = new int[_sampler.MaximumRows];
        _labels = new long[_sampler.MaximumRows];
        torch.manual_seed(unchecked((long)options.Seed));
        Network = EmbeddingNetwork.Create(_images.Channels, _images.Height, _images.Width, options);
        Network.train();
        _optimizer = optim.Adam(Network.parameters(), options.LearningRate);
        _selection = new TripletSelection(options);
        _list = new OfflineList(options, _images, folder);
    }

    public TrainingOptions Options { get; }

    public TrainingData Data { get; }

    public nn.Module<Tensor, Tensor> Network { get; }

    /// <summary>Steps done, and the number of the next.</summary>
    public int Step { get; private set; }

    /// <summary>The rule of the next step.</summary>
    public TrainingRule Rule => _guard.Rule(Options);

    /// <summary>The step at which the guard switched; null while it did not.</summary>
    public int? SwitchedAt => _guard.SwitchedAt;

    /// <summary>Does one step.</summary>
    public StepReport Advance()
    {
        using IDisposable scope = NewDisposeScope();
        TrainingRule rule = Rule;
        torch.manual_seed((long)(Draw.Seed(Options.Seed, Draw.Torch, Step) >> 1));
        Stopwatch watch = Stopwatch.StartNew();
        double refreshMs = RefreshIfDue(rule, watch);
        (Tensor images, Tensor labels, Triplet[]? listed) = NextBatch();
        double batchMs = Lap(watch);

        Tensor embeddings = Network.call(images);
        double forwardMs = Lap(watch);

        // A listed batch was mined before; what is mined in it here only tells how the embeddings lie.
        MinedTriplets mined = _selection.Mine(embeddings, labels, listed is null ? rule : TrainingRule.BatchHard, Step);
        MiningStatistics statistics = mined.Statistics;
        mined = listed is null ? mined : new MinedTriplets(listed, statistics);
        double mineMs = Lap(watch);

        (Tensor loss, LossResult result) = _selection.Loss(embeddings, labels, rule, mined);
        double lossMs = Lap(watch);

        double rate = LearningRate.At(Step, Options);
        Learn(loss, rate);
        double backwardMs = Lap(watch);
        _seconds += (refreshMs + batchMs + forwardMs + mineMs + lossMs + backwardMs) / 1000;

        double spread = SpreadOf(statistics);
        bool switched = _guard.Observe(Step, spread, Options);
        return new StepReport
        {
            Step = Step++,
            Seconds = _seconds,
            LearningRate = rate,
            Rule = rule,
            Loss = result.Value,
            Triplets = result.Terms,
            Active = ActiveFraction(mined, result),
            Spread = spread,
            MeanPositiveDistance = statistics.MeanPositiveDistance,
            MeanNegativeDistance = statistics.MeanNegativeDistance,
            BatchMs = batchMs,
            ForwardMs = forwardMs,
            MineMs = mineMs,
            LossMs = lossMs,
            BackwardMs = backwardMs,
            RefreshMs = refreshMs,
            Switched = switched,
        };
    }

    /// <summary>Measures the network on the validation set; null without one.</summary>
    public ValidationReport? Validate() => Data.Validation is null ? null : Validator.Run(Network, Data.Validation);

    /// <summary>All that the next step depends on.</summary>
    public Checkpoint Capture(string fingerprint)
    {
        using MemoryStream optimizer = new();
        using (BinaryWriter writer = new(optimizer))
            _optimizer.save_state_dict(writer);
        IdentityBatchSamplerState sampler = _sampler.State;
        return new Checkpoint
        {
            Header = new CheckpointHeader
            {
                Options = Options,
                Step = Step,
                Seconds = _seconds,
                Fingerprint = fingerprint,
                SamplerSeed = sampler.Seed,
                SamplerBatch = sampler.Batch,
                SamplerEpoch = sampler.Epoch,
                SamplerCursor = sampler.Cursor,
                SamplerCarried = [.. sampler.Carried],
                Guard = _guard,
                ListUsed = _list.Used,
            },
            Weights = Weights.Save(Network),
            Optimizer = optimizer.ToArray(),
            List = _list.Rows,
        };
    }

    /// <summary>Goes to where a checkpoint stood.</summary>
    public void Restore(Checkpoint checkpoint)
    {
        CheckpointHeader header = checkpoint.Header;
        Weights.Load(Network, checkpoint.Weights);
        using (BinaryReader reader = new(new MemoryStream(checkpoint.Optimizer)))
            _optimizer.load_state_dict(reader);
        _sampler.Restore(new IdentityBatchSamplerState(header.SamplerSeed, header.SamplerBatch, header.SamplerEpoch, header.SamplerCursor, [.. header.SamplerCarried]));
        _guard = header.Guard;
        _list.Restore(checkpoint.List, header.ListUsed);
        (Step, _seconds) = (header.Step, header.Seconds);
    }

    public void Dispose()
    {
        Network.Dispose();
        _optimizer.Dispose();
        _selection.Dispose();
        _miner.Dispose();
    }

    private double RefreshIfDue(TrainingRule rule, Stopwatch watch)
    {
        if (Options.Mining != MiningMode.Offline || Step % Options.RefreshEvery != 0)
            return 0;
        _list.Refresh(Network, _miner, _selection.OptionsFor(rule, Step), Step);
        return Lap(watch);
    }

    private (Tensor Images, Tensor Labels, Triplet[]? Listed) NextBatch()
    {
        if (Options.Mining == MiningMode.Online)
        {
            int count = _sampler.Next(_rows, _labels);
            return (Validator.ToTensor(_images, _rows.AsSpan(0, count)), torch.tensor(_labels[..count]), null);
        }

        Triplet[] triplets = _list.Next(_listed);
        long[] labels = [.. _listed.Select(row => _images.Labels[row])];
        return (Validator.ToTensor(_images, _listed.ToArray()), torch.tensor(labels), triplets);
    }

    private void Learn(Tensor loss, double rate)
    {
        foreach (optim.ILearningRateController group in _optimizer.ParamGroups)
            group.LearningRate = rate;
        _optimizer.zero_grad();
        loss.backward();
        _optimizer.step();
    }

    private double ActiveFraction(MinedTriplets mined, LossResult result)
    {
        if (Options.Loss == LossForm.Hinge)
            return result.Terms == 0 ? 0 : (double)result.NonZeroTerms / result.Terms;
        int active = 0;
        foreach (Triplet triplet in mined.Triplets.Span)
            active += triplet.NegativeDistance < triplet.PositiveDistance + Options.Margin ? 1 : 0;
        return mined.Triplets.IsEmpty ? 0 : (double)active / mined.Triplets.Length;
    }

    // For unit rows, and without the margin, which a rule may have stretched: half the mean squared distance of two rows.
    private static double SpreadOf(MiningStatistics statistics) => statistics.Metric switch
    {
        DistanceMetric.SquaredEuclidean => statistics.MeanPairwiseDistance / 2,
        DistanceMetric.Euclidean => statistics.MeanPairwiseDistance * statistics.MeanPairwiseDistance / 2,
        _ => statistics.MeanPairwiseDistance,
    };

    private static double Lap(Stopwatch watch)
    {
        double ms = watch.Elapsed.TotalMilliseconds;
        watch.Restart();
        return ms;
    }
}
