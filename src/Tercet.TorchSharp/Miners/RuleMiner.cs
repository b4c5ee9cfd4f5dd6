using Tercet.Mining;

namespace Tercet.TorchSharp;

/// <summary>Any of the engine's rules with the engine's own options, whose defaults are FaceNet's: semi-hard, squared distance, margin 0.2, rows as they are.</summary>
/// <param name="options">The rule, metric, margin and the rest; <see langword="null"/> means FaceNet's.</param>
/// <param name="miner">The engine's miner to use; <see langword="null"/> means one of its own.</param>
public sealed class RuleMiner(MiningOptions? options = null, TripletMiner? miner = null)
    : TorchMiner(options ?? new MiningOptions(), miner)
{
    /// <summary>Changes what the next call mines: another rule, or another seed.</summary>
    /// <param name="options">The rule, metric, margin and the rest.</param>
    public void Use(MiningOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Options = options;
    }
}
