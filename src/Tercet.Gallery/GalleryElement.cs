using System.Diagnostics.CodeAnalysis;

namespace Tercet.Galleries;

/// <summary>How a gallery stores the components of its rows.</summary>
[SuppressMessage("Naming", "CA1720:Identifier contains type name", Justification = "They are named for what they store.")]
public enum GalleryElement
{
    /// <summary>float32: searched where it lies.</summary>
    Float32,

    /// <summary>float16: half the file, rounded to 11 bits when a row is added; a segment is widened into memory when it is opened for search.</summary>
    Float16,
}
