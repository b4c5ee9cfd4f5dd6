using SkiaSharp;

namespace Tercet.Cli.Reports;

/// <summary>The demo's page: the hardest triplets side by side above the distances of all pairs.</summary>
internal static class DemoPicture
{
    private const float Margin = 24;
    private const float Space = 16;
    private const float HistogramHeight = 270;
    private const float SectionTitle = 34;

    /// <summary>Draws the page.</summary>
    /// <returns>The bytes of a PNG file.</returns>
    public static byte[] Render(ReportHeader header, string montageTitle, IReadOnlyList<TripletCard> triplets, DistanceHistogram histogram, (double Distance, string Caption) threshold)
    {
        int rows = (triplets.Count + 1) / 2;
        float width = (2 * Margin) + (2 * TripletCard.Width) + Space;
        float montage = rows == 0 ? 0 : SectionTitle + (rows * (TripletCard.Height + Space));
        using ReportCanvas canvas = new(width, ReportHeader.Height + montage + Space + HistogramHeight + Margin);
        header.Draw(canvas, Margin);
        if (rows > 0)
            canvas.Text(montageTitle, new SKPoint(Margin, ReportHeader.Height + 24), 13, Palette.Ink, strong: true);
        for (int i = 0; i < triplets.Count; i++)
        {
            float left = Margin + (i % 2 * (TripletCard.Width + Space));
            float top = ReportHeader.Height + SectionTitle + (i / 2 * (TripletCard.Height + Space));
            triplets[i].Draw(canvas, new SKPoint(left, top));
        }

        float histogramTop = canvas.Bounds.Bottom - Margin - HistogramHeight;
        histogram.Draw(canvas, SKRect.Create(Margin, histogramTop, width - (2 * Margin), HistogramHeight), threshold);
        return canvas.ToPng();
    }
}
