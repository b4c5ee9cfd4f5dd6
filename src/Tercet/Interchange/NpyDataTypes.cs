namespace Tercet.Interchange;

/// <summary>Names and sizes of <see cref="NpyDataType"/>.</summary>
public static class NpyDataTypes
{
    private static readonly string[] Descriptors = ["<f2", "<f4", "<f8", "|i1", "<i2", "<i4", "<i8", "|u1", "<u2", "<u4", "<u8"];

    /// <summary>NumPy's descriptor, such as <c>&lt;f4</c>.</summary>
    /// <param name="type">A type.</param>
    public static string Descriptor(this NpyDataType type) => Descriptors[(int)type];

    /// <summary>Bytes an element takes.</summary>
    /// <param name="type">A type.</param>
    public static int ByteCount(this NpyDataType type) => Descriptors[(int)type][2] - '0';

    /// <summary>Whether the type is f2, f4 or f8.</summary>
    /// <param name="type">A type.</param>
    public static bool IsFloat(this NpyDataType type) => type <= NpyDataType.F8;

    /// <summary>The type of a descriptor. One-byte types may be written with any order mark.</summary>
    /// <param name="descriptor">NumPy's descriptor.</param>
    /// <param name="type">The type.</param>
    /// <returns>Whether there is such a type here.</returns>
    public static bool TryParse(string descriptor, out NpyDataType type)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        string known = descriptor.Length == 3 && descriptor[2] == '1' ? "|" + descriptor[1..] : descriptor;
        type = (NpyDataType)Array.IndexOf(Descriptors, known);
        return type >= 0;
    }
}
