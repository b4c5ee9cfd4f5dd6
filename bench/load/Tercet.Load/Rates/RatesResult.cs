namespace Tercet.Load.Rates;

/// <summary>What a target did under load.</summary>
/// <param name="Target">What it is.</param>
/// <param name="Arrivals">fixed or poisson.</param>
/// <param name="SingleP50">Median time of a request alone, in milliseconds.</param>
/// <param name="SingleP99">99th percentile of that.</param>
/// <param name="Capacity">Requests a second that many callers at once got answered.</param>
/// <param name="DeadlineMs">The deadline in milliseconds.</param>
/// <param name="Levels">Each level.</param>
/// <param name="Marks">What was to be shown, and was or was not.</param>
internal sealed record RatesResult(
    string Target, string Arrivals, double SingleP50, double SingleP99, double Capacity, double DeadlineMs, IReadOnlyList<LevelFigures> Levels, IReadOnlyList<Mark> Marks);
