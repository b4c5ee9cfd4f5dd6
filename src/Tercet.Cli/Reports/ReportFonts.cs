using SkiaSharp;

namespace Tercet.Cli.Reports;

/// <summary>
/// The two typefaces of the reports, carried in the program: the Skia build that needs no fontconfig finds no fonts on the machine.
/// Inter, SIL Open Font License 1.1 (Reports/Fonts/OFL.txt).
/// </summary>
internal static class ReportFonts
{
    private static readonly Lazy<SKTypeface> LazyRegular = new(() => Load("Inter-Regular.otf"));
    private static readonly Lazy<SKTypeface> LazyStrong = new(() => Load("Inter-SemiBold.otf"));

    public static SKTypeface Regular => LazyRegular.Value;

    public static SKTypeface Strong => LazyStrong.Value;

    private static SKTypeface Load(string name)
    {
        using Stream stream = typeof(ReportFonts).Assembly.GetManifestResourceStream("Tercet.Cli.Fonts." + name)
            ?? throw new InvalidOperationException($"The font {name} is not embedded in this build.");
        using SKData data = SKData.Create(stream);
        return SKTypeface.FromData(data) ?? throw new InvalidOperationException($"The font {name} embedded in this build cannot be read.");
    }
}
