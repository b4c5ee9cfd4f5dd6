namespace Tercet.Mining;

/// <summary>How much a mining call counts beside what it selects.</summary>
public enum StatisticsLevel
{
    /// <summary>Everything, the exact hard, semi-hard and easy counts over all valid triplets included.</summary>
    Full,

    /// <summary>Only what follows from the labels, the rows' moments and the selected triplets; <see cref="MiningStatistics.Counts"/> is null. The fastest.</summary>
    Selected,
}
