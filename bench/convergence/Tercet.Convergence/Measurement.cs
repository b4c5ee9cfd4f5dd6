namespace Tercet.Convergence;

/// <summary>The validation set after some steps.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="ProcessorSeconds">Processor time of training up to there, refreshes included, validation not.</param>
/// <param name="Recall1">recall@1.</param>
/// <param name="MapAtR">MAP@R.</param>
internal sealed record Measurement(int Step, double ProcessorSeconds, double Recall1, double MapAtR);
