namespace Tercet.Cli;

/// <summary>The words that a failure is reported in.</summary>
internal static class FailureText
{
    /// <summary>Whether an exception is about what the user gave us rather than a defect of this program.</summary>
    public static bool IsExpected(Exception failure) =>
        failure is TercetException or ArgumentException or IOException or UnauthorizedAccessException or OutOfMemoryException;

    public static string Of(Exception failure)
    {
        string text = failure.Message;
        if (failure is ArgumentException { ParamName: { } name })
            text = text.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal);
        return text;
    }

    public static string OneLine(string text) =>
        string.Join(' ', text.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));

    /// <summary>Runs <paramref name="action"/>; a complaint about its data is passed on with the name of the file that the data came from.</summary>
    /// <exception cref="TercetException">The data was refused.</exception>
    public static T About<T>(string path, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (ArgumentException failure)
        {
            throw new TercetException($"{path}: {Of(failure)}", failure);
        }
    }
}
