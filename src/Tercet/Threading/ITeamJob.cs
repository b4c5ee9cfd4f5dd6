namespace Tercet.Threading;

/// <summary>Work that divides into numbered items.</summary>
internal interface ITeamJob
{
    /// <summary>Does one item. Items are handed out in ascending order; each is done once.</summary>
    /// <param name="worker">The worker that does it, from 0: names the scratch memory to use.</param>
    /// <param name="item">The item.</param>
    void Execute(int worker, int item);
}
