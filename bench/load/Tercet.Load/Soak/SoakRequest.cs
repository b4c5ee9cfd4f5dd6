namespace Tercet.Load.Soak;

/// <summary>One kind of request of the mixture.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Make">Makes one.</param>
/// <param name="Expected">The status that it has to have; 429 is always right.</param>
/// <param name="GivesUpAfter">When its client goes away; null for never.</param>
/// <param name="IsOnNewConnection">Whether it opens a connection of its own.</param>
internal sealed record SoakRequest(string Name, Func<HttpRequestMessage> Make, int Expected, TimeSpan? GivesUpAfter = null, bool IsOnNewConnection = false);
