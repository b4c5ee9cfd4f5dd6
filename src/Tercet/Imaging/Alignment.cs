namespace Tercet.Imaging;

/// <summary>Which part of an image becomes the model's input. Alignment by landmarks differs from image to image: see <see cref="AffineMap.FromLandmarks"/>.</summary>
public sealed record Alignment
{
    private const string MapName = "map";
    private const double ChipSize = 150;

    /// <summary>The map from a pixel of the ArcFace 112 template to a pixel of a 150 × 150 dlib face chip: both are fixed, so no detector is needed.</summary>
    private static readonly AffineMap ChipMap = new(1.4313, -0.0130, -5.370, 0.0130, 1.4313, -29.387);

    private readonly AffineMap _map;

    private Alignment(string name, AffineMap map = default)
    {
        Name = name;
        _map = map;
    }

    /// <summary>The whole image, stretched to the input's size.</summary>
    public static Alignment Resize { get; } = new("resize");

    /// <summary>The largest centred part with the input's proportions.</summary>
    public static Alignment CenterCrop { get; } = new("center-crop");

    /// <summary>The image is a face chip as dlib's <c>get_face_chip</c> makes them (150 × 150, padding 0.25): brought to the ArcFace template.</summary>
    public static Alignment DlibChip { get; } = new("dlib-chip");

    /// <summary><c>resize</c>, <c>center-crop</c>, <c>dlib-chip</c> or <c>map</c>.</summary>
    public string Name { get; }

    /// <summary>The same map for every image, from a pixel of the input to a pixel of the image.</summary>
    /// <param name="map">Six finite numbers.</param>
    /// <exception cref="ArgumentException">A number is not finite.</exception>
    public static Alignment FromMap(AffineMap map) =>
        map.IsFinite ? new Alignment(MapName, map) : throw new ArgumentException($"The map {map} is not finite.", nameof(map));

    /// <summary>The alignment called <paramref name="name"/>.</summary>
    /// <param name="name"><c>resize</c>, <c>center-crop</c> or <c>dlib-chip</c>.</param>
    /// <exception cref="ArgumentException">There is none of this name.</exception>
    public static Alignment Named(string name) => name switch
    {
        "resize" => Resize,
        "center-crop" => CenterCrop,
        "dlib-chip" => DlibChip,
        _ => throw new ArgumentException($"There is no alignment '{name}'; there are resize, center-crop and dlib-chip.", nameof(name)),
    };

    /// <summary>The map for one image.</summary>
    /// <param name="imageWidth">Width of the image as it is seen, EXIF orientation applied.</param>
    /// <param name="imageHeight">Height of the image, likewise.</param>
    /// <param name="width">Width of the model's input.</param>
    /// <param name="height">Height of the model's input.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive.</exception>
    public AffineMap MapFor(int imageWidth, int imageHeight, int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(imageWidth);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(imageHeight);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        switch (Name)
        {
            case "resize":
                return AffineMap.Stretch((double)imageWidth / width, (double)imageHeight / height);
            case "center-crop":
                double scale = Math.Min((double)imageWidth / width, (double)imageHeight / height);
                double left = ((imageWidth - (scale * width)) + scale - 1) / 2;
                double top = ((imageHeight - (scale * height)) + scale - 1) / 2;
                return new AffineMap(scale, 0, left, 0, scale, top);
            case "dlib-chip":
                const double Template = LandmarkFit.TemplateSize;
                AffineMap toTemplate = AffineMap.Stretch(Template / width, Template / height);
                AffineMap toImage = AffineMap.Stretch(imageWidth / ChipSize, imageHeight / ChipSize);
                return toImage.After(ChipMap.After(toTemplate));
            default:
                return _map;
        }
    }
}
