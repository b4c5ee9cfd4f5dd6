namespace Tercet.Evaluation;

/// <summary>A range of float32 keys, both ends included.</summary>
/// <param name="Low">The smallest.</param>
/// <param name="High">The largest.</param>
internal readonly record struct PairWindow(float Low, float High);
