namespace Tercet.Extensions;

/// <summary>Why a request was refused.</summary>
public enum OverloadReason
{
    /// <summary>As many requests wait as may.</summary>
    QueueFull,

    /// <summary>This caller has as many requests waiting as there are free places left for everybody.</summary>
    CallerShare,

    /// <summary>The request could not get a place before its deadline, or did not.</summary>
    Deadline,

    /// <summary>The service is being stopped.</summary>
    Stopping,
}
