using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Tercet.Load.Rates;

/// <summary>Waits for a moment without taking processor time from what is measured: on Linux to about 0.1 ms, elsewhere to about the system's timer.</summary>
internal static partial class FineSleep
{
    private const int Monotonic = 1;
    private const int Absolute = 1;
    private const long Nanoseconds = 1_000_000_000;

    /// <param name="moment">As <see cref="Stopwatch.GetTimestamp"/> counts, which on Linux is the monotonic clock in nanoseconds.</param>
    public static void Until(long moment)
    {
        while (moment - Stopwatch.GetTimestamp() is > 0 and long left)
        {
            if (OperatingSystem.IsLinux() && Stopwatch.Frequency == Nanoseconds)
            {
                TimeSpec until = new() { Seconds = (nint)(moment / Nanoseconds), Rest = (nint)(moment % Nanoseconds) };
                _ = ClockNanosleep(Monotonic, Absolute, in until, 0);
            }
            else
            {
                Thread.Sleep(TimeSpan.FromSeconds((double)left / Stopwatch.Frequency));
            }
        }
    }

    [DllImport("libc", EntryPoint = "clock_nanosleep")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int ClockNanosleep(int clock, int flags, in TimeSpec request, nint remaining);

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public nint Seconds;
        public nint Rest;
    }
}
