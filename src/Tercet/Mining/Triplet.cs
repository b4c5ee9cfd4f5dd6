namespace Tercet.Mining;

/// <summary>
/// One mined triplet. Indices are row numbers of the caller's matrices: in the square form all three of the batch, in the rectangular form
/// <see cref="Anchor"/> of the anchors and the other two of the gallery.
/// </summary>
/// <param name="Anchor">Row of the anchor.</param>
/// <param name="Positive">Row with the anchor's label, never the anchor itself.</param>
/// <param name="Negative">Row with another label.</param>
/// <param name="PositiveDistance">d(a,p) in the metric's unit, evaluated in float64 and rounded once.</param>
/// <param name="NegativeDistance">d(a,n), likewise.</param>
public readonly record struct Triplet(int Anchor, int Positive, int Negative, float PositiveDistance, float NegativeDistance);
