using System.Runtime.InteropServices;

namespace Tercet.Memory;

/// <summary>Asks the operating system to back long buffers with large pages, which the processor finds with fewer look-ups. A wish: nothing depends on it.</summary>
internal static partial class LargePages
{
    /// <summary>Bytes of one, and what a buffer that hopes for them is aligned to.</summary>
    public const nuint Size = 2 << 20;

    private const int MadviseHugePage = 14;

    /// <summary>Whether a buffer is worth it: below two pages what a last page leaves unused would weigh more.</summary>
    public static bool Suit(nuint byteCount) => OperatingSystem.IsLinux() && byteCount >= 2 * Size;

    /// <summary>Asks for them, before the memory is touched.</summary>
    /// <param name="address">Aligned to <see cref="Size"/>.</param>
    /// <param name="byteCount">A last part that fills no large page keeps small ones.</param>
    public static void AskFor(nint address, nuint byteCount) => _ = Advise(address, byteCount / Size * Size, MadviseHugePage);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint address, nuint length, int advice);
}
