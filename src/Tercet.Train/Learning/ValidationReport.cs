namespace Tercet.Train.Learning;

/// <summary>The figures of one validation.</summary>
/// <param name="Recall1">Fraction of rows whose nearest other row is of their identity.</param>
/// <param name="MapAtR">MAP@R.</param>
/// <param name="ValAtFar01">VAL at FAR 0.01.</param>
/// <param name="ValAtFar001">VAL at FAR 0.001.</param>
internal sealed record ValidationReport(double Recall1, double MapAtR, double ValAtFar01, double ValAtFar001);
