using System.Collections.Immutable;

namespace Tercet.Forward;

/// <summary>The shape of one sample's output as a run gave it, and how it is read as an embedding.</summary>
/// <param name="PerSample">The dimensions without the batch.</param>
/// <param name="Tokens">Number of tokens to pool; 1 where there are none.</param>
/// <param name="Dimension">Number of floats of one embedding.</param>
internal sealed record OutputShape(ImmutableArray<long> PerSample, int Tokens, int Dimension)
{
    /// <summary>Number of floats that the model writes for one sample.</summary>
    public int Length => Tokens * Dimension;

    /// <exception cref="UnsupportedModelException">The shape is neither [batch, D] nor [batch, tokens, D] with a pooling chosen.</exception>
    public static OutputShape Resolve(ModelSignature signature, ReadOnlySpan<long> shape, int batch, TokenPooling pooling)
    {
        string seen = $"the output '{signature.Output.Name}' came out as [{string.Join(", ", shape.ToArray())}] for a batch of {batch}";
        if (shape.Length < 2 || shape[0] != batch)
            throw signature.Unsupported($"{seen}; an embedder gives [batch, D].");

        ImmutableArray<long> perSample = [.. shape[1..]];
        int wide = 0;
        long length = 1;
        foreach (long size in perSample)
        {
            wide += size == 1 ? 0 : 1;
            length = Math.Min(length * size, int.MaxValue);
        }

        if (length is 0 or int.MaxValue)
            throw signature.Unsupported($"{seen}; that is no embedding.");
        if (pooling != TokenPooling.None)
        {
            return perSample.Length == 2
                ? new OutputShape(perSample, (int)perSample[0], (int)perSample[1])
                : throw signature.Unsupported($"{seen}; {nameof(TokenPooling)}.{pooling} needs [batch, tokens, D].");
        }

        if (wide <= 1)
            return new OutputShape(perSample, 1, (int)length);
        throw signature.Unsupported(perSample.Length == 2
            ? $"{seen}: tokens. Choose how to pool them in {nameof(EmbedderOptions.Pooling)} ({nameof(TokenPooling.Mean)} or {nameof(TokenPooling.First)})."
            : $"{seen}; an embedder gives [batch, D] or [batch, tokens, D].");
    }
}
