namespace Tercet.Imaging;

/// <summary>Why an image could not be used.</summary>
public enum ImageErrorReason
{
    /// <summary>There is no such file.</summary>
    NotFound,

    /// <summary>The file has no bytes.</summary>
    Empty,

    /// <summary>The bytes are no image that is known.</summary>
    NotAnImage,

    /// <summary>An image, but neither JPEG, PNG nor WebP, or a variant of them that cannot be decoded.</summary>
    UnsupportedFormat,

    /// <summary>The data ends early or is damaged.</summary>
    Truncated,

    /// <summary>The file is larger than <see cref="ImageLimits.MaxFileBytes"/>.</summary>
    TooLarge,

    /// <summary>The header announces more pixels than <see cref="ImageLimits.MaxPixels"/>.</summary>
    TooManyPixels,

    /// <summary>The file cannot be read: a folder, no permission, an I/O error.</summary>
    Unreadable,
}
