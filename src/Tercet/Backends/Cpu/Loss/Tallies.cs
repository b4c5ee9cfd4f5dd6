namespace Tercet.Backends.Cpu.Loss;

/// <summary>
/// Where an anchor counts its negatives by how many thresholds lie above them. Each count has four places, taken in turn by the lanes, because
/// adding to one place again and again would wait for itself; negatives with no threshold above them go to the first sixteen, which nobody reads.
/// </summary>
internal static class Tallies
{
    /// <summary>Places of one count.</summary>
    public const int Copies = 4;

    /// <summary>Places that nobody reads.</summary>
    public const int Unread = 16;

    /// <summary>The first place of a count, which is at least 1.</summary>
    public static int First(int count) => Unread + (Copies * (count - 1));

    /// <summary>How many places an anchor with that many thresholds needs.</summary>
    public static int Length(int thresholds) => Unread + (Copies * thresholds);
}
