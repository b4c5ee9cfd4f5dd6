namespace Tercet.Backends.Cuda.Driver;

/// <summary>A grid of thread blocks.</summary>
/// <param name="Blocks">Blocks of a row.</param>
/// <param name="Rows">Rows of blocks, at most 65,535.</param>
/// <param name="Threads">Threads of a block.</param>
/// <param name="SharedBytes">Dynamic shared memory of a block, which the kernel must have been allowed.</param>
internal readonly record struct LaunchGrid(int Blocks, int Rows, int Threads, int SharedBytes = 0);
