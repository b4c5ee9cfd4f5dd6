namespace Tercet.Cli;

/// <summary>Runs a command so that whatever fails becomes one line and an exit code; for <c>tercet</c> and <c>tercet-train</c> alike.</summary>
internal static class FailureGuard
{
    /// <summary>Runs a command.</summary>
    /// <param name="command">What it is called, for the hint at its help.</param>
    /// <param name="run">Does it; gives the exit code.</param>
    /// <param name="report">Writes a line and gives back its exit code.</param>
    /// <returns>The exit code.</returns>
    public static int Run(string command, Func<int> run, Func<string, int, int> report)
    {
        try
        {
            return run();
        }
        catch (UsageException failure)
        {
            return report($"{failure.Message} (see '{command} --help')", ExitCode.Usage);
        }
        catch (Exception failure) when (FailureText.IsExpected(failure))
        {
            return report(FailureText.Of(failure), ExitCode.Failed);
        }
        catch (Exception failure)
        {
            // A defect of this program. The user still gets one line; TERCET_TRACE=1 shows the rest to whoever looks for the cause.
            if (Environment.GetEnvironmentVariable("TERCET_TRACE") == "1")
                throw;
            return report($"internal error, please report it: {failure.GetType().Name}: {FailureText.Of(failure)} (TERCET_TRACE=1 shows where)", ExitCode.Failed);
        }
    }
}
