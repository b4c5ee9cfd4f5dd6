using System.Numerics.Tensors;

namespace Tercet.Forward;

/// <summary>Pools tokens to embeddings in the caller's memory.</summary>
internal static class TokenPool
{
    /// <summary>Reads <c>[count, tokens, D]</c> and writes <c>[count, D]</c>, both row-major.</summary>
    public static void Pool(ReadOnlySpan<float> output, Span<float> embeddings, int count, OutputShape shape, TokenPooling pooling)
    {
        int dimension = shape.Dimension;
        for (int sample = 0; sample < count; sample++)
        {
            ReadOnlySpan<float> tokens = output.Slice(sample * shape.Length, shape.Length);
            Span<float> embedding = embeddings.Slice(sample * dimension, dimension);
            tokens[..dimension].CopyTo(embedding);
            if (pooling != TokenPooling.Mean)
                continue;
            for (int token = 1; token < shape.Tokens; token++)
                TensorPrimitives.Add(embedding, tokens.Slice(token * dimension, dimension), embedding);
            TensorPrimitives.Divide(embedding, shape.Tokens, embedding);
        }
    }
}
