namespace Tercet.Extensions.Batching;

/// <summary>Writes one sample into its place of a batch.</summary>
internal interface ISlotFill
{
    void Fill(Span<float> slot);
}
