using System.Collections.Immutable;

namespace Tercet.Forward;

/// <summary>A model's input or output as the model declares it.</summary>
/// <param name="Name">Its name in the graph.</param>
/// <param name="ElementType">Its element type, for example <c>float</c> or <c>int64</c>.</param>
/// <param name="Dimensions">Its dimensions: a number, a symbol's name, or <c>?</c> for an unnamed unknown.</param>
public sealed record TensorDescription(string Name, string ElementType, ImmutableArray<string> Dimensions)
{
    /// <summary>The form that messages use: <c>data float[1, 3, 112, 112]</c>.</summary>
    public override string ToString() => $"{Name} {ElementType}[{string.Join(", ", Dimensions)}]";
}
