namespace Tercet.Load.Targets;

/// <summary>How a request ended.</summary>
internal enum Outcome : byte
{
    /// <summary>It has not.</summary>
    None,

    /// <summary>With an embedding.</summary>
    Answered,

    /// <summary>Refused because there is too much to do: an exception of its own, or 429.</summary>
    Refused,

    /// <summary>With anything else.</summary>
    Failed,
}
