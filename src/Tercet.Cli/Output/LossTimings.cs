namespace Tercet.Cli.Output;

/// <summary>Where the time of <c>loss</c> went, in milliseconds.</summary>
/// <param name="LoadMs">Reading the files.</param>
/// <param name="MineMs">Selecting the triplets; 0 for batch-all, which lists none.</param>
/// <param name="LossMs">The loss and its gradient.</param>
/// <param name="WriteMs">Writing the gradient.</param>
internal sealed record LossTimings(double LoadMs, double MineMs, double LossMs, double WriteMs);
