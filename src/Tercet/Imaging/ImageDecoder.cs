using Microsoft.Win32.SafeHandles;
using SkiaSharp;
using Tercet.Memory;

namespace Tercet.Imaging;

/// <summary>
/// Decodes JPEG, PNG and WebP to 8 bits a channel. Grey becomes three equal channels, 16 bits are rounded to 8, alpha is dropped (the colour stored under
/// it stays), an embedded colour profile is not applied, of an animation the first frame is taken: as OpenCV and Pillow read an image for a
/// model. EXIF orientation is applied. Safe to use from many threads.
/// </summary>
/// <remarks>
/// File size and pixel count are checked before memory is taken for them. A JPEG with damage in the middle of its data, rather than a missing end,
/// can decode without an error: the format has no checksum.
/// </remarks>
public sealed class ImageDecoder
{
    private readonly ImageLimits _limits;
    private readonly PinnedBufferPool _pool;

    /// <summary>Creates a decoder.</summary>
    /// <param name="limits">What to refuse; <see langword="null"/> means the defaults.</param>
    /// <param name="pool">Where file bytes and pixels are held; <see langword="null"/> means <see cref="PinnedBufferPool.Shared"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">A limit is outside its range.</exception>
    public ImageDecoder(ImageLimits? limits = null, PinnedBufferPool? pool = null)
    {
        _limits = limits ?? new ImageLimits();
        _pool = pool ?? PinnedBufferPool.Shared;
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(_limits.MaxFileBytes, nameof(ImageLimits.MaxFileBytes));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(_limits.MaxFileBytes, ImageLimits.LargestMaxFileBytes, nameof(ImageLimits.MaxFileBytes));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(_limits.MaxPixels, nameof(ImageLimits.MaxPixels));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(_limits.MaxPixels, ImageLimits.LargestMaxPixels, nameof(ImageLimits.MaxPixels));
    }

    /// <summary>Decodes a file.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The image, to be disposed.</returns>
    /// <exception cref="ArgumentException"><paramref name="path"/> is empty.</exception>
    /// <exception cref="ImageException">The file cannot be used; <see cref="ImageException.Reason"/> says why.</exception>
    public DecodedImage Decode(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        using PinnedBuffer<byte> bytes = ReadFile(path, out int length);
        return Decode(bytes, length, path);
    }

    /// <summary>Decodes a file that is in memory already.</summary>
    /// <param name="bytes">The file's content; copied.</param>
    /// <param name="name">What to call it in errors.</param>
    /// <returns>The image, to be disposed.</returns>
    /// <exception cref="ImageException">The content cannot be used; <see cref="ImageException.Reason"/> says why.</exception>
    public DecodedImage Decode(ReadOnlySpan<byte> bytes, string name)
    {
        CheckLength(bytes.Length, name);
        using PinnedBuffer<byte> copy = _pool.Rent<byte>(bytes.Length);
        bytes.CopyTo(copy.Span);
        return Decode(copy, bytes.Length, name);
    }

    private PinnedBuffer<byte> ReadFile(string path, out int length)
    {
        PinnedBuffer<byte>? bytes = null;
        try
        {
            FileInfo file = new(path);
            if (Directory.Exists(path))
                throw new ImageException(path, ImageErrorReason.Unreadable, "is a folder, not an image file");
            if (!file.Exists)
                throw new ImageException(path, ImageErrorReason.NotFound, "there is no such file");

            // Asked of the name before it is opened: a pipe or a device says 0 here and is never waited for.
            CheckLength(file.Length, path);
            using SafeFileHandle handle = File.OpenHandle(path, options: FileOptions.SequentialScan);
            bytes = _pool.Rent<byte>((int)file.Length);
            length = 0;
            while (length < bytes.Length && RandomAccess.Read(handle, bytes.Span[length..], length) is > 0 and int read)
                length += read;
            return bytes;
        }
        catch (Exception failure)
        {
            bytes?.Dispose();
            throw failure switch
            {
                FileNotFoundException or DirectoryNotFoundException => new ImageException(path, ImageErrorReason.NotFound, "there is no such file", failure),
                IOException or UnauthorizedAccessException => new ImageException(path, ImageErrorReason.Unreadable, $"cannot be read: {failure.Message}", failure),
                _ => failure,
            };
        }
    }

    private void CheckLength(long length, string path)
    {
        if (length == 0)
            throw new ImageException(path, ImageErrorReason.Empty, "the file is empty");
        if (length > _limits.MaxFileBytes)
            throw new ImageException(path, ImageErrorReason.TooLarge, $"the file has {length} bytes; at most {_limits.MaxFileBytes} are allowed");
    }

    private DecodedImage Decode(PinnedBuffer<byte> bytes, int length, string path)
    {
        ReadOnlySpan<byte> head = bytes.Span[..length];
        if (!ImageSignature.IsAccepted(head))
        {
            throw ImageSignature.NameOther(head) is { } other
                ? new ImageException(path, ImageErrorReason.UnsupportedFormat, $"is a {other} image; JPEG, PNG and WebP are accepted")
                : new ImageException(path, ImageErrorReason.NotAnImage, "is not an image; JPEG, PNG and WebP are accepted");
        }

        // The data and the codec refer to the pinned bytes without a copy; both end before the caller gives those back.
        using SKData data = SKData.Create(bytes.DangerousGetAddress(), length);
        using SKCodec? codec = SKCodec.Create(new SKMemoryStream(data), out SKCodecResult opened);
        if (codec is null)
            throw Failed(path, opened);

        SKImageInfo info = new(codec.Info.Width, codec.Info.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        long count = (long)info.Width * info.Height;
        if (count > _limits.MaxPixels)
        {
            throw new ImageException(
                path, ImageErrorReason.TooManyPixels, $"the image is {info.Width} × {info.Height}, {count} pixels; at most {_limits.MaxPixels} are allowed");
        }

        PinnedBuffer<byte> pixels = _pool.Rent<byte>((int)(count * info.BytesPerPixel));
        try
        {
            SKCodecResult decoded = codec.GetPixels(info, pixels.DangerousGetAddress());
            if (decoded != SKCodecResult.Success)
                throw Failed(path, decoded);
            SKEncodedOrigin origin = codec.EncodedOrigin;
            return new DecodedImage(
                pixels, info.Width, info.Height, ImageOrientation.ToStored(origin, info.Width, info.Height), ImageOrientation.SwapsSides(origin));
        }
        catch
        {
            pixels.Dispose();
            throw;
        }
    }

    private static ImageException Failed(string path, SKCodecResult result) => result switch
    {
        SKCodecResult.IncompleteInput or SKCodecResult.ErrorInInput or SKCodecResult.InvalidInput =>
            new ImageException(path, ImageErrorReason.Truncated, $"the image is truncated or damaged ({result})"),
        _ => new ImageException(path, ImageErrorReason.UnsupportedFormat, $"the image is of a kind that cannot be decoded ({result})"),
    };
}
