using Tercet.Mining;

namespace Tercet.Cli.Output;

/// <summary>Keeps nothing: only the statistics are wanted.</summary>
internal sealed class NoTripletSink : TripletSink
{
    public override void Dispose()
    {
    }

    protected override void Write(ReadOnlySpan<Triplet> triplets)
    {
    }

    protected override void Commit()
    {
    }
}
