using Tercet.Load.Rates;

namespace Tercet.Load.Soak;

/// <summary>
/// Says whether a process has grown. The rule: time is cut into six equal parts; the first two, in which code is compiled and pools fill, do not count; the median of the last part is at most that of
/// the third plus 5 % (memory, and 2 MiB), or plus 4 (handles, threads).
/// </summary>
internal static class SoakJudge
{
    private const int Parts = 6;
    private const double MemoryGrowth = 1.05;
    private const double MemorySlack = 2;
    private const double CountSlack = 4;

    public static (IReadOnlyList<SoakWindow> Windows, IReadOnlyList<Mark> Marks) Judge(IReadOnlyList<SoakSample> samples)
    {
        if (samples.Count < Parts)
            throw new TercetException($"{samples.Count} looks at the server are too few to judge by; let it run longer.");
        List<SoakWindow> windows = [];
        for (int part = 0; part < Parts; part++)
            windows.Add(SoakWindow.Of([.. samples.Skip(part * samples.Count / Parts).Take(((part + 1) * samples.Count / Parts) - (part * samples.Count / Parts))]));
        (SoakWindow early, SoakWindow last) = (windows[2], windows[^1]);
        return (windows,
        [
            new Mark("memory of the process, MiB", last.ResidentMebibytes, (early.ResidentMebibytes * MemoryGrowth) + MemorySlack),
            new Mark("handles", last.Handles, early.Handles + CountSlack),
            new Mark("threads", last.Threads, early.Threads + CountSlack),
        ]);
    }
}
