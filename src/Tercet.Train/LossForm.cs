namespace Tercet.Train;

/// <summary>What a triplet's gap costs.</summary>
internal enum LossForm
{
    /// <summary>max(0, d(a,p) − d(a,n) + α).</summary>
    Hinge,

    /// <summary>ln(1 + exp(d(a,p) − d(a,n))).</summary>
    SoftMargin,
}
