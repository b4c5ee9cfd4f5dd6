namespace Tercet;

/// <summary>What to do about an image that cannot be used.</summary>
public enum ImageErrorAction
{
    /// <summary>Stop the run with the error of the first such image.</summary>
    Fail,

    /// <summary>Leave it out, report it, and go on.</summary>
    Skip,
}
