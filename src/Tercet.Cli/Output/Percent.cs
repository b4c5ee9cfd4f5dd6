using System.Globalization;

namespace Tercet.Cli.Output;

/// <summary>Fractions in per cent.</summary>
internal static class Percent
{
    /// <summary><c>97.98%</c> for 0.9798.</summary>
    public static string Of(double fraction) => (100 * fraction).ToString("F2", CultureInfo.InvariantCulture) + "%";
}
