using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Tercet.Cli.Options;

/// <summary>Options of the kinds that the verbs use, each with its check and with an error that names the option, the value and what would do.</summary>
internal static class OptionOf
{
    /// <summary>A file or folder name.</summary>
    public static Option<string> Path(string name, string description, bool required = false, string helpName = "FILE") =>
        Parsed(name, description, helpName, required, token => token.Length == 0 ? throw new FormatException("a name is needed, not an empty text") : token)!;

    /// <summary>Any text.</summary>
    public static Option<string> Text(string name, string description, string helpName) =>
        Parsed(name, description, helpName, required: false, token => token)!;

    /// <summary>One of a few names.</summary>
    public static Option<T?> Choice<T>(string name, string description, string helpName, params (string Name, T Value)[] choices)
        where T : struct
    {
        Option<T?> option = Parsed<T?>(name, description, helpName, required: false, token =>
        {
            foreach ((string choice, T value) in choices)
            {
                if (choice == token)
                    return value;
            }

            throw new FormatException("one of " + string.Join(", ", choices.Select(choice => choice.Name)) + " is needed");
        });
        option.CompletionSources.Add([.. choices.Select(choice => choice.Name)]);
        return option;
    }

    /// <summary>A finite number in a range.</summary>
    public static Option<double?> Number(string name, string description, double minimum = 0, double maximum = double.MaxValue) =>
        Parsed<double?>(name, description, "X", required: false, token => ParseNumber(token, minimum, maximum));

    /// <summary>One or more finite numbers in a range, separated by commas or given by repeating the option.</summary>
    public static Option<double[]> Numbers(string name, string description, double minimum, double maximum) =>
        new(name)
        {
            Description = description,
            HelpName = "X,…",
            Arity = ArgumentArity.OneOrMore,
            CustomParser = result => Guard(name, result, () => result.Tokens
                .SelectMany(token => token.Value.Split(','))
                .Select(part => ParseNumber(part, minimum, maximum))
                .ToArray())!,
        };

    /// <summary>A whole number in a range.</summary>
    public static Option<int?> Count(string name, string description, int minimum, int maximum = int.MaxValue) =>
        Parsed<int?>(name, description, "N", required: false, token =>
            int.TryParse(token, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) && value >= minimum && value <= maximum
                ? value
                : throw new FormatException(maximum == int.MaxValue ? $"a whole number of {minimum} or more is needed" : $"a whole number from {minimum} to {maximum} is needed"));

    /// <summary>The seed of a random choice.</summary>
    public static Option<ulong?> Seed(string name, string description) =>
        Parsed<ulong?>(name, description, "S", required: false, token =>
            ulong.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out ulong value) ? value : throw new FormatException("a whole number of 0 or more is needed"));

    public static Option<bool> Flag(string name, string description) => new(name) { Description = description };

    private static Option<T?> Parsed<T>(string name, string description, string helpName, bool required, Func<string, T> parse) =>
        new(name)
        {
            Description = description,
            HelpName = helpName,
            Required = required,
            Arity = ArgumentArity.ExactlyOne,
            CustomParser = result => Guard(name, result, () => parse(result.Tokens[0].Value)),
        };

    private static double ParseNumber(string token, double minimum, double maximum)
    {
        if (double.TryParse(token, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value) && value >= minimum && value <= maximum)
            return value;
        throw new FormatException((minimum, maximum) switch
        {
            ( > double.MinValue, < double.MaxValue) => FormattableString.Invariant($"a number from {minimum} to {maximum} is needed"),
            ( > double.MinValue, _) => FormattableString.Invariant($"a finite number of {minimum} or more is needed"),
            _ => "a finite number is needed",
        });
    }

    private static T? Guard<T>(string name, ArgumentResult result, Func<T> parse)
    {
        try
        {
            return parse();
        }
        catch (FormatException failure)
        {
            result.AddError($"{name} {string.Join(' ', result.Tokens.Select(token => token.Value))}: {failure.Message}");
            return default;
        }
    }
}
