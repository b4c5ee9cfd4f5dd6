using System.Collections.Immutable;

namespace Tercet.Mining;

/// <summary>Where an <see cref="IdentityBatchSampler"/> stands: all it needs, beside the labels and sizes it was made with, to go on exactly.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="Batch">Number of batches drawn so far.</param>
/// <param name="Epoch">Number of epochs completed.</param>
/// <param name="Cursor">Identities of this epoch drawn so far.</param>
/// <param name="Carried">The identities (by first occurrence) that shared a batch with the beginning of this epoch.</param>
public sealed record IdentityBatchSamplerState(ulong Seed, long Batch, long Epoch, int Cursor, ImmutableArray<int> Carried);
