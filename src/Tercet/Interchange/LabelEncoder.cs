namespace Tercet.Interchange;

/// <summary>
/// Gives every distinct string a code: 0, 1, 2, … in the order in which they are first seen. Strings are compared by their characters; "7" is a string like any other.
/// </summary>
public sealed class LabelEncoder
{
    private readonly Dictionary<string, long> _codes = new(StringComparer.Ordinal);
    private readonly List<string> _names = [];

    /// <summary>The strings by code.</summary>
    public IReadOnlyList<string> Names => _names;

    /// <summary>The code of a string, a new one if it has none yet.</summary>
    /// <param name="name">The string.</param>
    public long Encode(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!_codes.TryGetValue(name, out long code))
        {
            code = _names.Count;
            _codes.Add(name, code);
            _names.Add(name);
        }

        return code;
    }

    /// <summary>The codes of many strings.</summary>
    /// <param name="names">The strings, <c>[N]</c>.</param>
    /// <returns>Their codes, <c>[N]</c>.</returns>
    public long[] Encode(ReadOnlySpan<string> names)
    {
        long[] codes = new long[names.Length];
        for (int row = 0; row < names.Length; row++)
            codes[row] = Encode(names[row]);
        return codes;
    }

    /// <summary>Looks a string's code up without giving it one.</summary>
    /// <param name="name">The string.</param>
    /// <param name="code">Its code.</param>
    /// <returns>Whether it has one.</returns>
    public bool TryGetCode(string name, out long code) => _codes.TryGetValue(name, out code);

    /// <summary>The string of a code.</summary>
    /// <param name="code">A code.</param>
    /// <exception cref="ArgumentOutOfRangeException">No string has that code.</exception>
    public string Decode(long code)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(code);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(code, _names.Count);
        return _names[(int)code];
    }
}
