namespace Tercet.Cli;

/// <summary>Options that are each well formed but make no sense together. Ends the process with <see cref="ExitCode.Usage"/>.</summary>
internal sealed class UsageException(string message) : Exception(message);
