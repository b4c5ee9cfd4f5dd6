namespace Tercet.Extensions.Batching;

/// <summary>What a request itself holds. A caller's memory is looked at only here, where its failure becomes the request's answer and not the end of the thread.</summary>
internal readonly struct HeldFill(EmbedRequest request) : ISlotFill
{
    public void Fill(Span<float> slot)
    {
        if (request.Reader is { } reader)
            reader.Read(request.Image.Span, slot);
        else
            request.Sample.Span.CopyTo(slot);
    }
}
