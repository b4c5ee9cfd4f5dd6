using Tercet.Backends;

namespace Tercet.Mining;

/// <summary>Streams the pairs that the multi-similarity rule keeps: for each anchor its positives, then its negatives, each in ascending order of row.</summary>
internal sealed class PairStreamProgram : OrderedScan
{
    private Action<MinedPair> _consumer = null!;
    private double _epsilon;

    /// <summary>Sets the program up for one call.</summary>
    public void Prepare(RowLayout layout, MiningOptions options, double epsilon, Action<MinedPair> consumer)
    {
        Prepare(layout, options);
        (_epsilon, _consumer) = (epsilon, consumer);
    }

    protected override void Emit(AnchorScratch scratch, int anchor)
    {
        AnchorPositives positives = scratch.Positives;
        NegativeRanking negatives = scratch.Negatives;
        negatives.Select(0, out double nearestNegative);
        double farthestPositive = positives.Values[AnchorPositives.Farthest(positives.Values)];
        int anchorRow = Layout.AnchorRows[anchor];
        for (int index = 0; index < positives.Count; index++)
        {
            double distance = positives.Values[index];
            if (distance > nearestNegative - _epsilon)
            {
                PositiveDistances += distance;
                PositivesEmitted++;
                Hand(new MinedPair(anchorRow, Layout.GalleryRows[positives.Positions[index]], true, (float)distance));
            }
        }

        foreach (int i in negatives.CollectNearer(farthestPositive, _epsilon))
        {
            NegativeDistances += negatives.Value(i);
            NegativesEmitted++;
            Hand(new MinedPair(anchorRow, Layout.GalleryRows[negatives.Position(i)], false, (float)negatives.Value(i)));
        }
    }

    private void Hand(MinedPair pair)
    {
        _consumer(pair);
        Emitted++;
    }
}
