using Tercet.Imaging;

namespace Tercet;

/// <summary>An image that was left out.</summary>
/// <param name="Row">Its place in the list of paths, and the row of the embeddings that stays without one.</param>
/// <param name="Path">The file, as the caller named it.</param>
/// <param name="Reason">Why.</param>
/// <param name="Message">The same in words, beginning with the path.</param>
public sealed record SkippedImage(int Row, string Path, ImageErrorReason Reason, string Message);
