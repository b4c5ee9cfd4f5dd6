using Tercet.Backends;

namespace Tercet.Mining;

/// <summary>Streams every valid triplet of one kind.</summary>
internal sealed class TripletStreamProgram : OrderedScan
{
    private readonly Triplet[] _chunk = new Triplet[4096];
    private ITripletConsumer _consumer = null!;
    private TripletKind _kind;

    /// <summary>Sets the program up for one call.</summary>
    public void Prepare(RowLayout layout, MiningOptions options, TripletKind kind, ITripletConsumer consumer)
    {
        Prepare(layout, options);
        (_kind, _consumer) = (kind, consumer);
    }

    protected override void Emit(AnchorScratch scratch, int anchor)
    {
        AnchorPositives positives = scratch.Positives;
        NegativeRanking negatives = scratch.Negatives;
        int anchorRow = Layout.AnchorRows[anchor];
        for (int index = 0; index < positives.Count; index++)
        {
            double distance = positives.Values[index];
            int positiveRow = Layout.GalleryRows[positives.Positions[index]];
            int filled = 0;
            foreach (int i in negatives.Collect(_kind, distance, Options.Margin))
            {
                double negativeDistance = negatives.Value(i);
                PositiveDistances += distance;
                NegativeDistances += negativeDistance;
                _chunk[filled++] = new Triplet(
                    anchorRow, positiveRow, Layout.GalleryRows[negatives.Position(i)], (float)distance, (float)negativeDistance);
                if (filled == _chunk.Length)
                    Flush(ref filled);
            }

            Flush(ref filled);
        }
    }

    private void Flush(ref int filled)
    {
        if (filled == 0)
            return;
        _consumer.Consume(_chunk.AsSpan(0, filled));
        Emitted += filled;
        PositivesEmitted += filled;
        NegativesEmitted += filled;
        filled = 0;
    }
}
