using System.Globalization;
using System.Text;

namespace Tercet.Server.Metrics;

/// <summary>OpenTelemetry's names and tags as Prometheus writes them.</summary>
internal static class PrometheusName
{
    /// <summary><c>tercet.queue.duration</c> in <c>s</c> becomes <c>tercet_queue_duration_seconds</c>; a counter ends in <c>_total</c>.</summary>
    public static string Of(string name, string? unit, bool isCounter)
    {
        string suffix = unit switch
        {
            "s" => "_seconds",
            "By" => "_bytes",
            _ => "",
        };
        string plain = Clean(name);
        if (!plain.EndsWith(suffix, StringComparison.Ordinal))
            plain += suffix;
        return isCounter && !plain.EndsWith("_total", StringComparison.Ordinal) ? plain + "_total" : plain;
    }

    /// <summary><c>name="value",…</c>, in the order of the names.</summary>
    public static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.IsEmpty)
            return "";
        KeyValuePair<string, object?>[] ordered = tags.ToArray();
        Array.Sort(ordered, static (one, other) => string.CompareOrdinal(one.Key, other.Key));
        StringBuilder text = new();
        foreach ((string key, object? value) in ordered)
        {
            text.Append(text.Length > 0 ? "," : "").Append(Clean(key)).Append("=\"");
            foreach (char c in Convert.ToString(value, CultureInfo.InvariantCulture) ?? "")
            {
                text.Append(c switch
                {
                    '\\' => "\\\\",
                    '"' => "\\\"",
                    '\n' => "\\n",
                    _ => c.ToString(),
                });
            }

            text.Append('"');
        }

        return text.ToString();
    }

    private static string Clean(string name) => string.Create(name.Length, name, static (target, source) =>
    {
        for (int i = 0; i < source.Length; i++)
            target[i] = char.IsAsciiLetterOrDigit(source[i]) ? source[i] : '_';
    });
}
