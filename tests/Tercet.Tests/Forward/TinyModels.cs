using static Tercet.Tests.Forward.OnnxModelBuilder;

namespace Tercet.Tests.Forward;

/// <summary>Models with one matrix product, whose embeddings a float64 loop can check: <c>e[j] = Σᵢ x[i]·W[i, j]</c>.</summary>
internal static class TinyModels
{
    public const int Features = 48;
    public const int Dimension = 5;

    public static float[] Weights { get; } = Random(7, Features * Dimension);

    public static float[] Random(int seed, int count)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (random.NextSingle() * 2f) - 1f)];
    }

    public static double[] Expected(ReadOnlySpan<float> sample)
    {
        double[] embedding = new double[Dimension];
        for (int i = 0; i < Features; i++)
        {
            for (int j = 0; j < Dimension; j++)
                embedding[j] += (double)sample[i] * Weights[(i * Dimension) + j];
        }

        return embedding;
    }

    /// <summary>[batch, 48] → [batch, 5].</summary>
    public static OnnxModelBuilder Vector(object batch) => new OnnxModelBuilder()
        .Input("x", FloatType, batch, Features)
        .Weights("w", Weights, Features, Dimension)
        .Node("MatMul", "x w", "e")
        .Output("e", FloatType, batch, Dimension);

    /// <summary>An image of 48 values in the given order, flattened.</summary>
    public static OnnxModelBuilder Image(params object[] dimensions) => new OnnxModelBuilder()
        .Input("image", FloatType, dimensions)
        .Weights("w", Weights, Features, Dimension)
        .Node("Flatten", "image", "flat", ("axis", 1))
        .Intermediate("flat", FloatType, dimensions[0], Features)
        .Node("MatMul", "flat w", "e")
        .Output("e", FloatType, dimensions[0], Dimension);

    /// <summary>Flattened by a Reshape to the constant [1, 48]: no other batch can pass, whatever the declared one is.</summary>
    public static OnnxModelBuilder ConstantReshape(object batch) => new OnnxModelBuilder()
        .Input("image", FloatType, batch, 3, 4, 4)
        .Shape("shape", 1, Features)
        .Weights("w", Weights, Features, Dimension)
        .Node("Reshape", "image shape", "flat")
        .Node("MatMul", "flat w", "e")
        .Output("e", FloatType, batch, Dimension);

    /// <summary>Scaled by the largest value of the whole batch: it runs, and gives other numbers.</summary>
    public static OnnxModelBuilder MixesSamples(object batch) => new OnnxModelBuilder()
        .Input("x", FloatType, batch, Features)
        .Weights("w", Weights, Features, Dimension)
        .Node("ReduceMax", "x", "largest", ("keepdims", 0))
        .Node("Div", "x largest", "scaled")
        .Node("MatMul", "scaled w", "e")
        .Output("e", FloatType, batch, Dimension);

    /// <summary>[batch, 48] → [batch, 6, 8], the features themselves as six tokens.</summary>
    public static OnnxModelBuilder Tokens(object batch) => new OnnxModelBuilder()
        .Input("x", FloatType, batch, Features)
        .Shape("shape", 0, 6, 8)
        .Node("Reshape", "x shape", "tokens")
        .Output("tokens", FloatType, batch, 6, 8);

    /// <summary>The mean of each channel, of an image of any size.</summary>
    public static OnnxModelBuilder AnySize() => new OnnxModelBuilder()
        .Input("image", FloatType, "n", 3, "h", "w")
        .Node("GlobalAveragePool", "image", "mean")
        .Output("mean", FloatType, "n", 3, 1, 1);
}
