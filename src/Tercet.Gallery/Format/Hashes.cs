using System.Buffers;
using System.IO.Hashing;

namespace Tercet.Galleries.Format;

/// <summary>The checksums of the format: XXH3 of 64 bits for a block, of 128 bits for a whole file, in lower-case hexadecimal.</summary>
internal static class Hashes
{
    private const int HexLength = 32;

    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789abcdef");

    public static string Of(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(XxHash128.Hash(bytes));

    public static string Of(XxHash128 hash) => Convert.ToHexStringLower(hash.GetCurrentHash());

    public static bool IsHash(string? text) => text is { Length: HexLength } && IsHex(text);

    public static bool IsHex(string text) => !text.AsSpan().ContainsAnyExcept(Digits);
}
