namespace Tercet.Imaging;

/// <summary>The order of an image tensor's dimensions.</summary>
public enum TensorLayout
{
    /// <summary><c>[batch, channels, height, width]</c>.</summary>
    Nchw,

    /// <summary><c>[batch, height, width, channels]</c>.</summary>
    Nhwc,
}
