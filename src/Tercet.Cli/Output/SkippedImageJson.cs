namespace Tercet.Cli.Output;

/// <summary>An image that was left out, and why.</summary>
internal sealed record SkippedImageJson(string Path, string Reason);
