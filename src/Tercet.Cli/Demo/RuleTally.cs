using Tercet.Mining;

namespace Tercet.Cli.Demo;

/// <summary>Counts triplets by their gap d(a,n) − d(a,p) and the margin.</summary>
internal sealed class RuleTally(double margin) : ITripletConsumer
{
    public long Hard { get; private set; }

    public long SemiHard { get; private set; }

    public long Easy { get; private set; }

    public void Consume(ReadOnlySpan<Triplet> triplets)
    {
        foreach (Triplet triplet in triplets)
        {
            double gap = (double)triplet.NegativeDistance - triplet.PositiveDistance;
            if (gap <= 0)
                Hard++;
            else if (gap <= margin)
                SemiHard++;
            else
                Easy++;
        }
    }
}
