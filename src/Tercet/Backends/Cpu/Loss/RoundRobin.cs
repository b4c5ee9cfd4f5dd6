namespace Tercet.Backends.Cpu.Loss;

/// <summary>
/// Every pair of groups once, in rounds in which no group appears twice: what one pair adds to its two groups never meets what another adds, and
/// every group gets its sums in the same order whoever does the work.
/// </summary>
/// <param name="groups">Number of groups.</param>
internal readonly struct RoundRobin(int groups)
{
    // With an odd number one stays out in each round: the pair with the group that does not exist.
    private int Seats => groups + (groups & 1);

    /// <summary>Number of rounds; the first pairs each group with itself.</summary>
    public int Rounds => Seats;

    /// <summary>Pairs of one round, those with a group that does not exist included.</summary>
    public int PairsIn(int round) => round == 0 ? groups : Seats / 2;

    /// <summary>One pair; the first group is not above the second.</summary>
    /// <returns>Whether the pair exists.</returns>
    public bool TryGet(int round, int index, out int first, out int second)
    {
        if (round == 0)
        {
            first = second = index;
            return true;
        }

        // The circle method: one group stays in its seat, the others move round by one seat a round.
        int circle = Seats - 1;
        int left = index == 0 ? circle : (round + index) % circle;
        int right = (round - index + circle) % circle;
        (first, second) = (Math.Min(left, right), Math.Max(left, right));
        return second < groups;
    }
}
