namespace Tercet.Server.Json;

/// <summary>How alike two images are, or an image and the nearest row of a label.</summary>
/// <param name="Model">The model.</param>
/// <param name="Cosine">The cosine of the angle between the embeddings.</param>
/// <param name="SquaredDistance">Their squared distance at unit length.</param>
/// <param name="Threshold">The threshold that was given.</param>
/// <param name="IsSame">Whether the cosine reaches it; null without one.</param>
/// <param name="Id">The row of the gallery that was compared; null between two images.</param>
internal sealed record VerifyAnswerJson(string Model, double Cosine, double SquaredDistance, double? Threshold, bool? IsSame, long? Id);
