namespace Tercet.Extensions.Batching;

/// <summary>An image file.</summary>
internal readonly ref struct ImageFill(ReadOnlySpan<byte> image, ImageReader reader) : ISlotFill
{
    private readonly ReadOnlySpan<byte> _image = image;
    private readonly ImageReader _reader = reader;

    public void Fill(Span<float> slot) => _reader.Read(_image, slot);
}
