namespace Tercet.Extensions.Batching;

/// <summary>A sample that has the model's form already.</summary>
internal readonly ref struct SampleFill(ReadOnlySpan<float> sample) : ISlotFill
{
    private readonly ReadOnlySpan<float> _sample = sample;

    public void Fill(Span<float> slot) => _sample.CopyTo(slot);
}
