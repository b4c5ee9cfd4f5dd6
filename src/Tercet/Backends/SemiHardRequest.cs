namespace Tercet.Backends;

/// <summary>What <see cref="IMiningKernels.FindSemiHard"/> is to find beside the pairs' negatives.</summary>
/// <param name="Margin">The margin α that the counts refer to, in the metric's unit.</param>
/// <param name="Count">Whether to count each anchor's triplets.</param>
/// <param name="FindFarthest">Whether to find each anchor's farthest negative.</param>
public readonly record struct SemiHardRequest(double Margin, bool Count, bool FindFarthest);
