using Tercet.Imaging;

namespace Tercet.Extensions;

/// <summary>Reads what the options say of the model's images.</summary>
internal static class ImageDescription
{
    /// <summary>Which images to refuse.</summary>
    public static ImageLimits Limits(TercetOptions options) => new() { MaxFileBytes = options.MaxImageBytes, MaxPixels = options.MaxImagePixels };

    /// <summary>The description, or null where the model's own is to be taken.</summary>
    /// <exception cref="ArgumentException">There is no such preset or alignment, or there is nothing to align.</exception>
    /// <exception cref="TercetException">The file cannot be used.</exception>
    public static Preprocessing? Read(TercetOptions options)
    {
        Preprocessing? described = options.Preprocessing switch
        {
            null or "" => null,
            var name when name.EndsWith(".json", StringComparison.OrdinalIgnoreCase) => Preprocessing.FromJsonFile(name),
            var name => Preprocessing.Preset(name),
        };
        if (string.IsNullOrEmpty(options.Alignment))
            return described;
        return described is null
            ? throw new ArgumentException($"{nameof(TercetOptions.Alignment)} {options.Alignment} needs {nameof(TercetOptions.Preprocessing)}.")
            : described with { Alignment = Alignment.Named(options.Alignment) };
    }
}
