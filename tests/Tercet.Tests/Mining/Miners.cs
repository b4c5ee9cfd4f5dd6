using Tercet.Backends;
using Tercet.Backends.Cpu;
using Tercet.Mining;

namespace Tercet.Tests.Mining;

/// <summary>The one place where tests make miners, and the data of theories over them.</summary>
internal static class Miners
{
    /// <summary>Every width and every metric.</summary>
    public static TheoryData<CpuLanes, DistanceMetric> LanesAndMetrics
    {
        get
        {
            TheoryData<CpuLanes, DistanceMetric> data = [];
            foreach (CpuLanes lanes in Enum.GetValues<CpuLanes>())
            {
                foreach (DistanceMetric metric in Enum.GetValues<DistanceMetric>())
                    data.Add(lanes, metric);
            }

            return data;
        }
    }

    /// <summary>A miner over one vector width; the test is skipped where the processor lacks it.</summary>
    public static OwnedMiner WithLanes(CpuLanes lanes)
    {
        Assert.SkipUnless(CpuBackend.SupportedLanes.Contains(lanes), $"This processor does not run {lanes}.");
        return new OwnedMiner(new CpuBackend(lanes));
    }
}
