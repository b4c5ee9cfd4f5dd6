namespace Tercet.Galleries;

/// <summary>Another writer has the gallery open. A gallery has one writer at a time; readers are never held up.</summary>
public sealed class GalleryLockedException : GalleryException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="path">The gallery's folder.</param>
    /// <param name="owner">Who holds the lock, as far as known.</param>
    /// <param name="innerException">The failure underneath, if any.</param>
    public GalleryLockedException(string path, string owner, Exception? innerException = null)
        : base(path, $"is being written by {owner}; wait for it to end, or end it", innerException) => Owner = owner;

    /// <summary>Who holds the lock: process, machine, since when.</summary>
    public string Owner { get; }
}
