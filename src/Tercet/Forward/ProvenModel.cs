using Microsoft.ML.OnnxRuntime;

namespace Tercet.Forward;

/// <summary>An open session and what a run has shown of it.</summary>
/// <param name="Session">The session; the holder of this record owns it.</param>
/// <param name="Shape">The output of one sample.</param>
/// <param name="Mode">How a batch goes through.</param>
/// <param name="Note">Why.</param>
internal sealed record ProvenModel(InferenceSession Session, OutputShape Shape, BatchMode Mode, string Note);
