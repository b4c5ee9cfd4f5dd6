using System.Collections.Immutable;

namespace Tercet;

/// <summary>Which images were embedded.</summary>
/// <param name="Rows">The rows that hold an embedding, ascending: what to keep where a matrix without gaps is wanted.</param>
/// <param name="Skipped">The images left out, in the order of their rows.</param>
public sealed record EmbedResult(ImmutableArray<int> Rows, ImmutableArray<SkippedImage> Skipped);
