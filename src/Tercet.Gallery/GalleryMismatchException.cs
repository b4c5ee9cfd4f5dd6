namespace Tercet.Galleries;

/// <summary>Rows of another model, preprocessing, dimension, metric or scale than the gallery's were offered.</summary>
public sealed class GalleryMismatchException : GalleryException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="path">The gallery's folder.</param>
    /// <param name="difference">What the gallery has, and what was offered.</param>
    public GalleryMismatchException(string path, string difference)
        : base(path, $"the gallery has {difference}; make another gallery for these")
    {
    }
}
