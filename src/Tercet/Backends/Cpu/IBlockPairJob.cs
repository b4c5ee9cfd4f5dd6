namespace Tercet.Backends.Cpu;

/// <summary>What is done with every block of <see cref="BlockPairs"/>.</summary>
internal interface IBlockPairJob
{
    /// <summary>Does one block. Nobody else touches its rows meanwhile.</summary>
    /// <param name="worker">The worker that does it, from 0: names the scratch memory to use.</param>
    /// <param name="block">The block.</param>
    void DoBlock(int worker, BlockPair block);
}
