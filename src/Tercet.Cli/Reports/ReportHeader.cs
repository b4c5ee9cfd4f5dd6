using SkiaSharp;

namespace Tercet.Cli.Reports;

/// <summary>The head of a page: a title, a line of explanation, and a row of figures.</summary>
/// <param name="Title">What the page is about.</param>
/// <param name="Subtitle">What it was made from.</param>
/// <param name="Figures">Values with their captions.</param>
internal sealed record ReportHeader(string Title, string Subtitle, IReadOnlyList<(string Value, string Caption)> Figures)
{
    public const float Height = 128;

    /// <summary>Draws the head across the top of the page.</summary>
    public void Draw(ReportCanvas canvas, float margin)
    {
        canvas.Text(Title, new SKPoint(margin, 44), 24, Palette.Ink, strong: true);
        canvas.Text(Subtitle, new SKPoint(margin, 65), 11.5f, Palette.Muted);
        float width = (canvas.Bounds.Width - (2 * margin)) / Math.Max(1, Figures.Count);
        for (int i = 0; i < Figures.Count; i++)
        {
            float left = margin + (i * width);
            canvas.Text(Figures[i].Value, new SKPoint(left, 101), 20, Palette.Ink, strong: true);
            canvas.Text(Figures[i].Caption, new SKPoint(left, 117), 10, Palette.Muted);
        }
    }
}
