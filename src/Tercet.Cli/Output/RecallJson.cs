namespace Tercet.Cli.Output;

/// <summary>Recall among the k nearest rows.</summary>
internal sealed record RecallJson(int K, double Recall);
