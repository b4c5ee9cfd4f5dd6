namespace Tercet.Forward;

/// <summary>What embedders over the same model share.</summary>
/// <param name="Session">The session.</param>
/// <param name="Info">What is known of the model.</param>
/// <param name="Output">The output of one sample.</param>
internal sealed record LoadedModel(SharedSession Session, ModelInfo Info, OutputShape Output);
