using System.Text;

namespace Tercet.Galleries.Mining;

/// <summary>Numbers for labels, in the order in which they are met.</summary>
internal sealed class LabelCodes(string negativeOnly)
{
    /// <summary>The number of every label whose rows are negatives only.</summary>
    public const long NegativeOnly = -1;

    private readonly Dictionary<string, long> _codes = [];

    public long Of(string label)
    {
        if (label.Length == 0 || label == negativeOnly)
            return NegativeOnly;
        if (!_codes.TryGetValue(label, out long code))
            _codes.Add(label, code = _codes.Count);
        return code;
    }

    public long Of(ReadOnlySpan<byte> label) => label.IsEmpty ? NegativeOnly : Of(Encoding.UTF8.GetString(label));
}
