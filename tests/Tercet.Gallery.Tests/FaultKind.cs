namespace Tercet.Galleries.Tests;

/// <summary>How a call fails.</summary>
public enum FaultKind
{
    /// <summary>EIO.</summary>
    InputOutput,

    /// <summary>ENOSPC before anything is written.</summary>
    NoSpace,

    /// <summary>ENOSPC with half of it written.</summary>
    ShortWrite,
}
