using Tercet.Imaging;

namespace Tercet.Extensions.Batching;

/// <summary>Decodes an image file into a sample. Safe to use from many threads.</summary>
internal sealed class ImageReader(ImageDecoder decoder, ImagePreprocessor preprocessor)
{
    /// <exception cref="ImageException">The image cannot be used.</exception>
    public void Read(ReadOnlySpan<byte> image, Span<float> slot)
    {
        using DecodedImage decoded = decoder.Decode(image, "image");
        preprocessor.Write(decoded, slot);
    }
}
