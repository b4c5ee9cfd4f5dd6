namespace Tercet.Galleries;

/// <summary>What a check of every block of a gallery found.</summary>
/// <param name="Generation">The commit that was looked at.</param>
/// <param name="Rows">Its rows.</param>
/// <param name="Segments">Its segments.</param>
/// <param name="Bytes">Bytes of their files.</param>
/// <param name="Damage">What is wrong, by segment; empty for a healthy gallery.</param>
public sealed record GalleryReport(long Generation, long Rows, int Segments, long Bytes, IReadOnlyList<GalleryDamage> Damage)
{
    /// <summary>Whether all is well, or was mended.</summary>
    public bool IsHealthy => Damage.All(damage => damage.IsRepaired);
}
