using SkiaSharp;

namespace Tercet.Cli.Reports;

/// <summary>The colours of every report. Blue and orange stay apart for colour-blind readers and in grey print.</summary>
internal static class Palette
{
    public static readonly SKColor Page = SKColor.Parse("#F5F6F8");
    public static readonly SKColor Card = SKColors.White;
    public static readonly SKColor CardEdge = SKColor.Parse("#E3E6EA");
    public static readonly SKColor Grid = SKColor.Parse("#ECEEF1");
    public static readonly SKColor Ink = SKColor.Parse("#16202B");
    public static readonly SKColor Muted = SKColor.Parse("#66717E");
    public static readonly SKColor Same = SKColor.Parse("#1F6FD6");
    public static readonly SKColor Different = SKColor.Parse("#E2662B");
    public static readonly SKColor Anchor = SKColor.Parse("#2B3642");
}
