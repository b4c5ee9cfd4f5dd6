namespace Tercet.Cli.Output;

/// <summary>A model's input or output as the model declares it; a dimension is a number, a symbol's name, or <c>?</c>.</summary>
internal sealed record TensorJson(string Name, string Type, IReadOnlyList<string> Shape);
