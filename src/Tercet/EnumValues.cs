namespace Tercet;

/// <summary>The values that an enumeration names. Unlike <see cref="Enum.IsDefined{TEnum}"/>, whose tables the garbage collector takes away and the next call makes anew, it never allocates after the first time.</summary>
/// <typeparam name="T">The enumeration.</typeparam>
internal static class EnumValues<T>
    where T : struct, Enum
{
    private static readonly T[] All = Enum.GetValues<T>();

    /// <summary>Whether a value is one of them.</summary>
    public static bool Contain(T value)
    {
        foreach (T each in All)
        {
            if (EqualityComparer<T>.Default.Equals(each, value))
                return true;
        }

        return false;
    }
}
