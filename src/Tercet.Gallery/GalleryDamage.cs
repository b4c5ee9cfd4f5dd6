namespace Tercet.Galleries;

/// <summary>One thing that is wrong with a gallery.</summary>
/// <param name="File">The file.</param>
/// <param name="Block">The block of <see cref="CorruptGalleryException.BlockBytes"/> bytes; −1 where the file as a whole is meant.</param>
/// <param name="Problem">What is wrong, in words.</param>
/// <param name="LostRows">Rows that a repair cannot save; −1 where it could not be made out.</param>
/// <param name="IsRepaired">Whether it was mended.</param>
public sealed record GalleryDamage(string File, long Block, string Problem, long LostRows, bool IsRepaired);
