namespace Tercet.Cli.Output;

/// <summary>Where the time of <c>embed</c> went, in milliseconds.</summary>
/// <param name="LoadMs">Loading the model.</param>
/// <param name="EmbedMs">Decoding, aligning and embedding the images.</param>
/// <param name="WriteMs">Writing the files.</param>
internal sealed record EmbedTimings(double LoadMs, double EmbedMs, double WriteMs);
