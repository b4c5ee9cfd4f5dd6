namespace Tercet.Load.Checks;

/// <summary>What became of many requests whose right answers are known.</summary>
/// <param name="Target">Who was asked.</param>
/// <param name="Sent">Requests.</param>
/// <param name="Right">Answered with the right embedding.</param>
/// <param name="RightBits">Of those, to the bit what the library's direct call of one sample gives.</param>
/// <param name="Refused">Refused.</param>
/// <param name="GivenUp">Given up by their caller.</param>
/// <param name="Wrong">Answered with something else, or under another request's id.</param>
/// <param name="Failed">Ended with anything else.</param>
/// <param name="Lost">Did not end.</param>
/// <param name="WrittenAfter">Whose memory was written after they had ended.</param>
/// <param name="Seconds">How long it took.</param>
internal sealed record CheckResult(string Target, int Sent, int Right, int RightBits, int Refused, int GivenUp, int Wrong, int Failed, int Lost, int WrittenAfter, double Seconds)
{
    public bool IsGood => Wrong + Failed + Lost + WrittenAfter == 0 && Right > 0 && Right + Refused + GivenUp == Sent;
}
