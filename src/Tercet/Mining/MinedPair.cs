namespace Tercet.Mining;

/// <summary>One pair kept by the multi-similarity rule.</summary>
/// <param name="Anchor">Row of the anchor.</param>
/// <param name="Other">Row of the positive or the negative.</param>
/// <param name="IsPositive">Whether the two share a label.</param>
/// <param name="Distance">d(anchor, other) in the metric's unit.</param>
public readonly record struct MinedPair(int Anchor, int Other, bool IsPositive, float Distance);
