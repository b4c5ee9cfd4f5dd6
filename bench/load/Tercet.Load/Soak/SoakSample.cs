namespace Tercet.Load.Soak;

/// <summary>One look at the server's process.</summary>
/// <param name="Seconds">Since the start.</param>
/// <param name="ResidentBytes">Memory that it has.</param>
/// <param name="HeapBytes">Managed heap after the last collection, as <c>/metrics</c> says.</param>
/// <param name="Handles">Open handles; file descriptors on Linux.</param>
/// <param name="Threads">Threads.</param>
internal sealed record SoakSample(double Seconds, long ResidentBytes, long HeapBytes, int Handles, int Threads);
