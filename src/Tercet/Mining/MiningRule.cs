namespace Tercet.Mining;

/// <summary>Which triplets (anchor, positive, negative) a mining call selects. A positive shares the anchor's label; a negative does not.</summary>
public enum MiningRule
{
    /// <summary>For each anchor one triplet: the farthest positive and the nearest negative (FaceNet 3.2; Hermans et al. 2017).</summary>
    BatchHard,

    /// <summary>For every anchor-positive pair the anchor's nearest negative (FaceNet 3.2).</summary>
    HardNegative,

    /// <summary>For every anchor-positive pair the nearest negative that is strictly farther than the positive (FaceNet eq. 4).</summary>
    SemiHard,

    /// <summary>For every anchor-positive pair one negative drawn uniformly among those with d(a,p) &lt; d(a,n) &lt; d(a,p) + α.</summary>
    RandomSemiHard,

    /// <summary>For every anchor-positive pair one negative drawn uniformly among those with d(a,n) &lt; d(a,p) + α.</summary>
    RandomHard,

    /// <summary>For each anchor one triplet: an easy positive (see <see cref="EasyPositiveVariant"/>) and the nearest negative.</summary>
    EasyPositive,

    /// <summary>For every anchor-positive pair one negative drawn with probability ∝ 1/q(d) on the unit sphere, clipped (Wu et al. 2017).</summary>
    DistanceWeighted,
}
