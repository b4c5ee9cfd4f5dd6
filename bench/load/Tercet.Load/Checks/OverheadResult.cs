namespace Tercet.Load.Checks;

/// <summary>A request of the engine beside the bare ONNX Runtime call, in milliseconds.</summary>
/// <param name="Model">The model's file.</param>
/// <param name="Pairs">Calls of each, in turn.</param>
/// <param name="Threads">Threads of one call.</param>
/// <param name="BareP50">Median of the bare call, on the graph as the engine has it.</param>
/// <param name="EngineP50">Median of <c>ITercetEmbedder.Embed</c>.</param>
/// <param name="AsyncP50">Median of <c>ITercetEmbedder.EmbedAsync</c>, awaited.</param>
/// <param name="PlainP50">Median of the bare call on the file as it is, without the engine's rewriting of its graph.</param>
/// <param name="AllocatedBytes">Managed bytes that the engine's calls allocated, on the calling thread and the worker's, a request.</param>
internal sealed record OverheadResult(string Model, int Pairs, int Threads, double BareP50, double EngineP50, double AsyncP50, double PlainP50, double AllocatedBytes)
{
    public double EnginePercent => ((EngineP50 / BareP50) - 1) * 100;

    public double AsyncPercent => ((AsyncP50 / BareP50) - 1) * 100;

    public double PlainPercent => ((PlainP50 / BareP50) - 1) * 100;
}
