namespace Tercet.Convergence;

/// <summary>The validation set after some steps.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Recall1">recall@1.</param>
/// <param name="MapAtR">MAP@R.</param>
internal sealed record Measurement(int Step, double Recall1, double MapAtR);
