using System.Collections.Immutable;

namespace Tercet.Imaging;

/// <summary>What a model expects of an image: <c>output = (pixel − mean) · scale</c>, with pixels from 0 to 255 in three colour channels.</summary>
public sealed record Preprocessing
{
    /// <summary>Width of the input in pixels.</summary>
    public int Width { get; init; }

    /// <summary>Height of the input in pixels.</summary>
    public int Height { get; init; }

    /// <summary>Order of the dimensions. Default <see cref="TensorLayout.Nchw"/>.</summary>
    public TensorLayout Layout { get; init; } = TensorLayout.Nchw;

    /// <summary>Order of the colour channels. Default <see cref="ChannelOrder.Rgb"/>.</summary>
    public ChannelOrder ChannelOrder { get; init; } = ChannelOrder.Rgb;

    /// <summary>Three values, in <see cref="ChannelOrder"/>, on the scale 0 to 255. Default 0, 0, 0.</summary>
    public ImmutableArray<float> Mean { get; init; } = [0, 0, 0];

    /// <summary>Three factors, in <see cref="ChannelOrder"/>. Default 1, 1, 1; 1/255 brings pixels to 0 to 1.</summary>
    public ImmutableArray<float> Scale { get; init; } = [1, 1, 1];

    /// <summary>Which part of the image to take. Default <see cref="Alignment.Resize"/>.</summary>
    public Alignment Alignment { get; init; } = Alignment.Resize;

    /// <summary>Number of floats of one image: <c>3 · Height · Width</c>.</summary>
    public int Length => checked(3 * Height * Width);

    /// <summary>A named preset: <c>sface</c> (112 × 112, NCHW, RGB, pixels as they are: the model itself scales them).</summary>
    /// <param name="name">The name.</param>
    /// <exception cref="ArgumentException">There is no preset of this name.</exception>
    public static Preprocessing Preset(string name) => name switch
    {
        "sface" => new Preprocessing { Width = 112, Height = 112 },
        _ => throw new ArgumentException($"There is no preset '{name}'; there is sface.", nameof(name)),
    };

    /// <summary>
    /// Reads a description such as
    /// <c>{"width":112,"height":112,"layout":"nchw","channelOrder":"rgb","mean":[0,0,0],"scale":[1,1,1],"alignment":"resize"}</c>. Width and height are
    /// required; mean and scale may be arrays of one number, for all channels; <c>"map":[a,b,c,d,e,f]</c> takes the place of <c>alignment</c>.
    /// </summary>
    /// <param name="path">A JSON file.</param>
    /// <exception cref="ArgumentException"><paramref name="path"/> is empty.</exception>
    /// <exception cref="TercetException">The file is missing, is not JSON, or holds an unknown field or a value out of range; the message names it.</exception>
    public static Preprocessing FromJsonFile(string path) => PreprocessingFile.Read(path);

    /// <summary>Equal in every setting.</summary>
    /// <param name="other">The other description.</param>
    public bool Equals(Preprocessing? other) =>
        other is not null && Width == other.Width && Height == other.Height && Layout == other.Layout && ChannelOrder == other.ChannelOrder
        && Mean.AsSpan().SequenceEqual(other.Mean.AsSpan()) && Scale.AsSpan().SequenceEqual(other.Scale.AsSpan()) && Alignment == other.Alignment;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Width, Height, Layout, ChannelOrder, Alignment);

    /// <summary>What is wrong with the settings, or null.</summary>
    internal string? FindFault() => this switch
    {
        { Width: < 1 or > MaxSide } => $"the width {Width} is not between 1 and {MaxSide}",
        { Height: < 1 or > MaxSide } => $"the height {Height} is not between 1 and {MaxSide}",
        { Layout: not (TensorLayout.Nchw or TensorLayout.Nhwc) } => $"the layout {Layout} is unknown",
        { ChannelOrder: not (ChannelOrder.Rgb or ChannelOrder.Bgr) } => $"the channel order {ChannelOrder} is unknown",
        { Alignment: null } => "the alignment is null",
        _ => FindFault("mean", Mean) ?? FindFault("scale", Scale),
    };

    private const int MaxSide = 8192;

    private static string? FindFault(string name, ImmutableArray<float> values)
    {
        if (values.IsDefault || values.Length != 3)
            return $"the {name} has {(values.IsDefault ? 0 : values.Length)} values, not 3";
        foreach (float value in values)
        {
            if (!float.IsFinite(value))
                return $"the {name} holds {value}";
        }

        return null;
    }
}
