using System.Collections.Immutable;

namespace Tercet.Galleries.Indexing;

/// <summary>What an indexing run did.</summary>
/// <param name="Progress">The counts at its end.</param>
/// <param name="Added">Rows that are new.</param>
/// <param name="Replaced">Rows whose file had changed.</param>
/// <param name="Skipped">The files that are no readable image; <see cref="SkippedImage.Row"/> is the place in the list of paths.</param>
/// <param name="Generation">The commit that has it all.</param>
public sealed record IndexResult(IndexProgress Progress, int Added, int Replaced, ImmutableArray<SkippedImage> Skipped, long Generation);
