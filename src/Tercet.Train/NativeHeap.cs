using System.Runtime.InteropServices;

namespace Tercet.Train;

/// <summary>
/// libtorch frees the tensors of a step and allocates the same in the next. By default glibc gives large blocks and the heap's free end back to the system in
/// between, which maps and clears the same pages again at every step: measured, more than half of its time on a virtual machine.
/// </summary>
internal static partial class NativeHeap
{
    private const int TrimThreshold = -1;
    private const int MapThreshold = -3;
    private const int LargestMapThreshold = 1 << 30;
    private const int LargestMapThresholdOfOlderVersions = 32 << 20;

    /// <summary>Keeps what was allocated once for the rest of the process. Does nothing where the C library is not glibc.</summary>
    public static void KeepPages()
    {
        if (!OperatingSystem.IsLinux())
            return;
        try
        {
            if (SetOption(MapThreshold, LargestMapThreshold) == 0)
                _ = SetOption(MapThreshold, LargestMapThresholdOfOlderVersions);
            _ = SetOption(TrimThreshold, int.MaxValue);
        }
        catch (EntryPointNotFoundException)
        {
            // Another C library, with other habits.
        }
    }

    /// <summary>mallopt(3): 0 for a value that is refused.</summary>
    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int SetOption(int option, int value);
}
