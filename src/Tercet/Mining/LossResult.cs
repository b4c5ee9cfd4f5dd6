namespace Tercet.Mining;

/// <summary>The value of a triplet loss.</summary>
/// <param name="Value">The reduced loss, in the metric's unit.</param>
/// <param name="Terms">Number of triplets it is taken over.</param>
/// <param name="NonZeroTerms">Number of those with max(0, d(a,p) − d(a,n) + α) above zero.</param>
public readonly record struct LossResult(double Value, long Terms, long NonZeroTerms);
