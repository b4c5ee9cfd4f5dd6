using CommunityToolkit.HighPerformance;
using Tercet.Forward;
using Tercet.Mining;
using Tercet.TorchSharp;
using Tercet.Train.Data;
using static TorchSharp.torch;

namespace Tercet.Train.Learning;

/// <summary>
/// FaceNet's offline mining: every n steps a subset of the training set is embedded by the latest checkpoint, written as ONNX and run by ONNX Runtime, and the
/// rectangular miner takes hard positives and negatives out of it; the steps until the next refresh learn from that list.
/// </summary>
internal sealed class OfflineList(TrainingOptions options, ImageSet images, string folder)
{
    private const int ForwardBatch = 256;
    private readonly Dictionary<int, int> _place = [];

    /// <summary>Rows of the training set, three a triplet, in the order of use.</summary>
    public int[] Rows { get; private set; } = [];

    /// <summary>Triplets used up to now.</summary>
    public int Used { get; private set; }

    private int PerStep => Math.Max(1, options.BatchRows / 3);

    /// <summary>Goes on where a checkpoint stood.</summary>
    public void Restore(int[] rows, int used) => (Rows, Used) = (rows, used);

    /// <summary>Embeds a subset anew and mines it.</summary>
    /// <returns>Statistics of the mining.</returns>
    /// <exception cref="TercetException">The subset holds no triplet of the rule.</exception>
    public MiningStatistics Refresh(nn.Module<Tensor, Tensor> network, TripletMiner miner, MiningOptions mining, int step)
    {
        string path = Path.Combine(folder, "refresh.onnx");
        OnnxExport.Save(network, [images.Channels, images.Height, images.Width], path);
        int[] subset = [.. Enumerable.Range(0, images.Count)];
        Draw.Generator(options.Seed, Draw.Subset, step).Shuffle(subset.AsSpan());
        subset = subset[..Math.Min(subset.Length, options.RefreshSubset)];
        long[] labels = Array.ConvertAll(subset, row => images.Labels[row]);
        float[,] rows = Embed(path, subset);

        // One rectangular call: the first rows are anchors against the whole subset, as many as the steps until the next refresh can use.
        int anchors = Math.Min(subset.Length, options.RefreshEvery * PerStep);
        int[] own = [.. Enumerable.Range(0, anchors)];
        ReadOnlySpan2D<float> gallery = rows;
        MiningInput input = MiningInput.AgainstGallery(gallery.Slice(0, 0, anchors, gallery.Width), labels.AsSpan(0, anchors), gallery, labels, own);
        Triplet[] triplets = new Triplet[miner.Capacity(input, mining)];
        int count = miner.Mine(input, mining, triplets, out MiningStatistics statistics);
        if (count == 0)
            throw new TercetException($"the refresh before step {step} found no triplet among {subset.Length} images ({statistics.EmptyReason}); a larger --refresh-subset has more");

        Draw.Generator(options.Seed, Draw.Order, step).Shuffle(triplets.AsSpan(0, count));
        int used = (int)Math.Min(count, (long)options.RefreshEvery * PerStep);
        Rows = [.. triplets.AsSpan(0, used).ToArray().SelectMany(triplet => new[] { subset[triplet.Anchor], subset[triplet.Positive], subset[triplet.Negative] })];
        Used = 0;
        return statistics;
    }

    /// <summary>Takes the next triplets; at the end of the list it begins again.</summary>
    /// <param name="batch">Receives the training rows that they name, each once.</param>
    /// <returns>The triplets as rows of the batch.</returns>
    public Triplet[] Next(List<int> batch)
    {
        int available = Rows.Length / 3;
        Triplet[] triplets = new Triplet[Math.Min(PerStep, available)];
        batch.Clear();
        _place.Clear();
        for (int i = 0; i < triplets.Length; i++)
        {
            int at = 3 * ((Used + i) % available);
            triplets[i] = new Triplet(Place(Rows[at], batch), Place(Rows[at + 1], batch), Place(Rows[at + 2], batch), 0, 0);
        }

        Used = (Used + triplets.Length) % available;
        return triplets;
    }

    private int Place(int row, List<int> batch)
    {
        if (!_place.TryGetValue(row, out int place))
        {
            place = batch.Count;
            batch.Add(row);
            _place.Add(row, place);
        }

        return place;
    }

    private float[,] Embed(string path, int[] subset)
    {
        using OnnxEmbedder embedder = OnnxEmbedder.Load(path, new EmbedderOptions { MaxBatch = ForwardBatch, WarmUp = false, Threads = 1, Streams = options.Threads, Device = DeviceChoice.Cpu });
        float[,] rows = new float[subset.Length, embedder.Dimension];
        Span2D<float> all = rows;
        for (int first = 0; first < subset.Length; first += ForwardBatch)
        {
            int count = Math.Min(ForwardBatch, subset.Length - first);
            images.CopyTo(subset.AsSpan(first, count), embedder.Input);
            embedder.Run(count).CopyTo(all.Slice(first, 0, count, embedder.Dimension));
        }

        return rows;
    }
}
