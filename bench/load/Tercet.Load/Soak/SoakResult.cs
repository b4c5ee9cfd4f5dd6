using Tercet.Load.Rates;

namespace Tercet.Load.Soak;

/// <summary>What a long run came to.</summary>
/// <param name="Minutes">How long it was.</param>
/// <param name="Sent">Requests.</param>
/// <param name="Statuses">How often each status, or another end, came of each kind of request.</param>
/// <param name="Windows">The process, in six equal parts of the time.</param>
/// <param name="Marks">What was to be shown, and was or was not.</param>
internal sealed record SoakResult(double Minutes, long Sent, IReadOnlyDictionary<string, long> Statuses, IReadOnlyList<SoakWindow> Windows, IReadOnlyList<Mark> Marks);
