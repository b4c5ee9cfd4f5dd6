using Tercet.Interchange;
using Tercet.Mining;

namespace Tercet.Cli.Output;

/// <summary>int64 <c>[T, 3]</c>: anchor, positive, negative.</summary>
internal sealed class NpyTripletSink(string path) : TripletSink
{
    private readonly NpyWriter _writer = new(path, NpyDataType.I8, columns: 3);
    private readonly long[] _chunk = new long[3 * 8192];

    public override void Dispose() => _writer.Dispose();

    protected override void Write(ReadOnlySpan<Triplet> triplets)
    {
        while (!triplets.IsEmpty)
        {
            int count = Math.Min(triplets.Length, _chunk.Length / 3);
            for (int i = 0; i < count; i++)
            {
                _chunk[3 * i] = triplets[i].Anchor;
                _chunk[(3 * i) + 1] = triplets[i].Positive;
                _chunk[(3 * i) + 2] = triplets[i].Negative;
            }

            _writer.Write<long>(_chunk.AsSpan(0, 3 * count));
            triplets = triplets[count..];
        }
    }

    protected override void Commit() => _writer.Complete();
}
