using SkiaSharp;
using Tercet.Cli.Reports;

namespace Tercet.Tests.Cli;

public sealed class ReportTests
{
    [Fact]
    public void Text_EmbeddedFont_DrawsEveryCharacter()
    {
        Assert.NotEqual(ReportFonts.Regular.Handle, ReportFonts.Strong.Handle);
        foreach (char character in "Aa0…≥≤×α−—é")
        {
            using ReportCanvas canvas = new(40, 40);
            canvas.Text(character.ToString(), new SKPoint(10, 30), 24, SKColors.Black);
            using SKBitmap bitmap = SKBitmap.Decode(canvas.ToPng());
            int dark = bitmap.Pixels.Count(pixel => pixel.Red < 64);
            Assert.True(dark > 15, $"'{character}' drew {dark} dark pixels");
            using SKFont font = new(ReportFonts.Regular, 24);
            Assert.True(font.ContainsGlyph(character), $"'{character}' has no glyph");
        }
    }

    [Fact]
    public void Fit_TextTooWide_KeepsBothEnds()
    {
        string fitted = ReportCanvas.Fit("a-very-long-folder-name/with-a-file-name-0001.jpg", 120, 10);
        Assert.True(ReportCanvas.Measure(fitted, 10) <= 120);
        Assert.StartsWith("a-v", fitted, StringComparison.Ordinal);
        Assert.EndsWith(".jpg", fitted, StringComparison.Ordinal);
        Assert.Equal("short.jpg", ReportCanvas.Fit("short.jpg", 120, 10));
    }

    [Theory]
    [InlineData(1.93, 8, 0.5, 2)]
    [InlineData(0.07, 8, 0.01, 0.07)]
    [InlineData(31, 4, 10, 40)]
    [InlineData(0, 8, 0.25, 1)]
    public void UpTo_Maximum_EndsAtTheNextTick(double maximum, int steps, double step, double end)
    {
        NiceAxis axis = NiceAxis.UpTo(maximum, steps);
        Assert.Equal(step, axis.Step, 12);
        Assert.Equal(end, axis.Maximum, 12);
        Assert.Equal(axis.Maximum, axis.Ticks().Last(), 9);
    }

    [Fact]
    public void Histogram_SeparatedPairs_DrawsEachColourOnItsSide()
    {
        using ReportCanvas canvas = new(500, 300);
        new DistanceHistogram([0.1f, 0.2f, 0.3f], [1.7f, 1.8f, 1.9f], "unit").Draw(canvas, new SKRect(0, 0, 500, 300), (1.0, "threshold"));
        using SKBitmap bitmap = SKBitmap.Decode(canvas.ToPng());
        int half = bitmap.Width / 2;
        Assert.True(Count(bitmap, 100, half, Bluish) > 1000);
        Assert.Equal(0, Count(bitmap, half, bitmap.Width, Bluish));
        Assert.True(Count(bitmap, half, bitmap.Width, Orange) > 1000);
        Assert.Equal(0, Count(bitmap, 100, half, Orange));
    }

    [Fact]
    public void Render_OddNumberOfTriplets_IsAPngOfTheDeclaredSize()
    {
        using SKBitmap face = new(20, 20);
        face.Erase(SKColors.Teal);
        using SKImage image = SKImage.FromBitmap(face);
        NamedPicture picture = new("someone", "1.jpg", image);
        TripletCard card = new(picture, picture, picture, 1.25f, 0.5f);
        byte[] png = DemoPicture.Render(
            new ReportHeader("Title", "subtitle", [("98.0%", "accuracy"), ("1.000", "AUC")]),
            "Hardest triplets",
            [card, card, card],
            new DistanceHistogram([0.5f], [1.5f], "squared Euclidean distance"),
            (1.274, "threshold"));
        using SKBitmap bitmap = SKBitmap.Decode(png);
        Assert.Equal(2 * (24 + TripletCard.Width + 16 + TripletCard.Width + 24), bitmap.Width);
        Assert.True(Count(bitmap, 0, bitmap.Width, pixel => pixel == SKColors.Teal) > 9 * 150 * 150);
    }

    // Below the legend, whose dots have the same colours.
    private static int Count(SKBitmap bitmap, int left, int right, Func<SKColor, bool> matches)
    {
        int count = 0;
        for (int y = 80; y < bitmap.Height; y++)
        {
            for (int x = left; x < right; x++)
                count += matches(bitmap.GetPixel(x, y)) ? 1 : 0;
        }

        return count;
    }

    private static bool Bluish(SKColor pixel) => pixel.Blue > pixel.Red + 80;

    private static bool Orange(SKColor pixel) => pixel.Red > pixel.Blue + 80;
}
