using System.Globalization;
using SkiaSharp;

namespace Tercet.Cli.Reports;

/// <summary>A triplet to show: three pictures with their names, and the two distances.</summary>
/// <param name="Anchor">The anchor's picture and name.</param>
/// <param name="Positive">The positive's.</param>
/// <param name="Negative">The negative's.</param>
/// <param name="PositiveDistance">d(a,p).</param>
/// <param name="NegativeDistance">d(a,n).</param>
internal sealed record TripletCard(NamedPicture Anchor, NamedPicture Positive, NamedPicture Negative, float PositiveDistance, float NegativeDistance)
{
    public const float Width = 466;
    public const float Height = 166;
    private const float Side = 96;
    private const float Gap = 64;

    /// <summary>Draws the card with its upper left corner at <paramref name="corner"/>.</summary>
    public void Draw(ReportCanvas canvas, SKPoint corner)
    {
        SKRect card = SKRect.Create(corner.X, corner.Y, Width, Height);
        canvas.Card(card);
        float left = card.Left + ((Width - (3 * Side) - (2 * Gap)) / 2);
        SKRect positive = SKRect.Create(left, card.Top + 30, Side, Side);
        SKRect anchor = SKRect.Create(positive.Right + Gap, positive.Top, Side, Side);
        SKRect negative = SKRect.Create(anchor.Right + Gap, positive.Top, Side, Side);

        Face(canvas, Positive, positive, "positive", Palette.Same);
        Face(canvas, Anchor, anchor, "anchor", Palette.Anchor);
        Face(canvas, Negative, negative, "negative", Palette.Different);
        Link(canvas, positive, anchor, PositiveDistance, Palette.Same);
        Link(canvas, anchor, negative, NegativeDistance, Palette.Different);
    }

    private static void Face(ReportCanvas canvas, NamedPicture picture, SKRect bounds, string role, SKColor color)
    {
        canvas.Text(role, new SKPoint(bounds.MidX, bounds.Top - 9), 10, color, strong: true, align: SKTextAlign.Center);
        canvas.Picture(picture.Image, bounds, color);
        string group = ReportCanvas.Fit(picture.Group, Side + Gap - 12, 10);
        string name = ReportCanvas.Fit(picture.Name, Side + Gap - 12, 9);
        canvas.Text(group, new SKPoint(bounds.MidX, bounds.Bottom + 16), 10, Palette.Ink, align: SKTextAlign.Center);
        canvas.Text(name, new SKPoint(bounds.MidX, bounds.Bottom + 29), 9, Palette.Muted, align: SKTextAlign.Center);
    }

    private static void Link(ReportCanvas canvas, SKRect left, SKRect right, float distance, SKColor color)
    {
        SKPoint from = new(left.Right + 6, left.MidY);
        SKPoint to = new(right.Left - 6, right.MidY);
        canvas.Line(from, to, color, 1.5f);
        canvas.Dot(from, 2.5f, color);
        canvas.Dot(to, 2.5f, color);
        canvas.Text(distance.ToString("F3", CultureInfo.InvariantCulture), new SKPoint((from.X + to.X) / 2, left.MidY - 7), 12, color, strong: true, align: SKTextAlign.Center);
    }
}
