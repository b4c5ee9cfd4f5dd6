using System.Collections.Immutable;

namespace Tercet.Forward;

/// <summary>What a model says about itself.</summary>
/// <param name="Producer">The program that wrote it.</param>
/// <param name="Domain">Its domain, often empty.</param>
/// <param name="GraphName">The name of its graph.</param>
/// <param name="Description">Its description, often empty.</param>
/// <param name="Version">Its own version number; null where it has none.</param>
/// <param name="IrVersion">The version of the ONNX file format.</param>
/// <param name="Opset">The version of the default operator set.</param>
/// <param name="Custom">Its key-value properties.</param>
public sealed record ModelMetadata(
    string Producer,
    string Domain,
    string GraphName,
    string Description,
    long? Version,
    long IrVersion,
    long Opset,
    ImmutableDictionary<string, string> Custom);
