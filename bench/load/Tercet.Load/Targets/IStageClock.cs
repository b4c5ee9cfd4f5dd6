namespace Tercet.Load.Targets;

/// <summary>The times of a service's stages, taken from its own telemetry.</summary>
internal interface IStageClock
{
    /// <summary>Forgets what was.</summary>
    Task Restart();

    /// <summary>What has been since then.</summary>
    Task<IReadOnlyList<StageTimes>> Read();
}
