namespace Tercet.Backends.Cuda.Driver;

/// <summary>One call in a stream's order, as <see cref="GraphDriver"/> holds it back. Two equal calls do the same, but for what host memory holds when they are done.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="Target">Device address, or host address of a copy to the host; the function of a launch.</param>
/// <param name="Source">Address that is copied from.</param>
/// <param name="Size">Bytes of a copy, words of a fill, bytes of a launch's parameters.</param>
/// <param name="Value">What is filled in; where a launch's parameters begin.</param>
/// <param name="Grid">The grid of a launch.</param>
internal readonly record struct StreamCall(StreamCallKind Kind, nint Target, nint Source, long Size, uint Value, LaunchGrid Grid);
