namespace Tercet.Backends.Cpu;

/// <summary>
/// Every pair of groups once, in rounds in which no group appears twice: what one pair adds to its two groups never meets what another adds, and a
/// group that takes its pairs in the order of the rounds gets its sums in the same order whoever does the work.
/// </summary>
/// <param name="groups">Number of groups, at least 1.</param>
internal readonly struct RoundRobin(int groups)
{
    // With an odd number one group stays out in each round: its pair is with a group that does not exist.
    private int Seats => groups + (groups & 1);

    /// <summary>Number of pairs, those with a group that does not exist included. In the first round every group is paired with itself.</summary>
    public int PairCount => groups + ((Seats - 1) * (Seats / 2));

    /// <summary>One pair, in the order of the rounds.</summary>
    /// <param name="index">Its number.</param>
    /// <param name="round">Its round.</param>
    /// <param name="first">The first group; not above the second.</param>
    /// <param name="second">The second group.</param>
    /// <returns>Whether the second group exists.</returns>
    public bool Get(int index, out int round, out int first, out int second)
    {
        if (index < groups)
        {
            round = 0;
            first = second = index;
            return true;
        }

        // The circle method: one group stays in its seat, the others move round by one seat a round. A pair's groups come from the pairs one before and
        // one after it in the round before, so that it hardly ever has to wait.
        (round, int seat) = Math.DivRem(index - groups, Seats / 2);
        int circle = Seats - 1;
        int left = seat == 0 ? circle : (round + seat) % circle;
        int right = (round - seat + circle) % circle;
        (first, second) = (Math.Min(left, right), Math.Max(left, right));
        round++;
        return second < groups;
    }
}
