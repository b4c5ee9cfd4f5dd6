using SkiaSharp;

namespace Tercet.Cli.Reports;

/// <summary>A page to draw a report on, in points; the picture has two pixels a point, so that it stays sharp when shown at half its size.</summary>
internal sealed class ReportCanvas : IDisposable
{
    public const float PixelsPerPoint = 2;
    private const float CornerRadius = 8;

    private readonly SKSurface _surface;
    private readonly SKPaint _paint = new() { IsAntialias = true };

    public ReportCanvas(float width, float height)
    {
        Bounds = new SKRect(0, 0, width, height);
        _surface = SKSurface.Create(new SKImageInfo((int)(width * PixelsPerPoint), (int)(height * PixelsPerPoint), SKColorType.Rgba8888, SKAlphaType.Premul))
            ?? throw new TercetException($"A picture of {width} × {height} points cannot be allocated.");
        _surface.Canvas.Scale(PixelsPerPoint);
        _surface.Canvas.Clear(Palette.Page);
    }

    public SKRect Bounds { get; }

    /// <summary>A white card with a thin edge.</summary>
    public void Card(SKRect bounds)
    {
        _surface.Canvas.DrawRoundRect(bounds, CornerRadius, CornerRadius, Fill(Palette.Card));
        _surface.Canvas.DrawRoundRect(bounds, CornerRadius, CornerRadius, Stroke(Palette.CardEdge, 1));
    }

    public void Rectangle(SKRect bounds, SKColor color) => _surface.Canvas.DrawRect(bounds, Fill(color));

    public void Dot(SKPoint centre, float radius, SKColor color) => _surface.Canvas.DrawCircle(centre, radius, Fill(color));

    public void Line(SKPoint from, SKPoint to, SKColor color, float width = 1, bool dashed = false)
    {
        using SKPathEffect? dash = dashed ? SKPathEffect.CreateDash([4, 3], 0) : null;
        SKPaint paint = Stroke(color, width);
        paint.PathEffect = dash;
        _surface.Canvas.DrawLine(from, to, paint);
        paint.PathEffect = null;
    }

    public void Polyline(ReadOnlySpan<SKPoint> points, SKColor color, float width)
    {
        SKPaint paint = Stroke(color, width);
        for (int i = 1; i < points.Length; i++)
            _surface.Canvas.DrawLine(points[i - 1], points[i], paint);
    }

    /// <summary>A picture cropped to rounded corners with a coloured frame.</summary>
    public void Picture(SKImage image, SKRect bounds, SKColor frame)
    {
        _surface.Canvas.Save();
        using SKRoundRect corners = new(bounds, 5, 5);
        _surface.Canvas.ClipRoundRect(corners, SKClipOperation.Intersect, antialias: true);
        _surface.Canvas.DrawImage(image, bounds, new SKSamplingOptions(SKCubicResampler.Mitchell), Fill(SKColors.White));
        _surface.Canvas.Restore();
        _surface.Canvas.DrawRoundRect(bounds, 5, 5, Stroke(frame, 2));
    }

    /// <summary>One line of text; <paramref name="origin"/> is on the base line, and <paramref name="align"/> says which end of the text it is.</summary>
    public void Text(string text, SKPoint origin, float size, SKColor color, bool strong = false, SKTextAlign align = SKTextAlign.Left)
    {
        using SKFont font = Font(size, strong);
        _surface.Canvas.DrawText(text, origin, align, font, Fill(color));
    }

    /// <summary>Width of a text in points.</summary>
    public static float Measure(string text, float size, bool strong = false)
    {
        using SKFont font = Font(size, strong);
        return font.MeasureText(text);
    }

    /// <summary>The text, with its middle cut out where it is wider than <paramref name="width"/>.</summary>
    public static string Fit(string text, float width, float size, bool strong = false)
    {
        if (Measure(text, size, strong) <= width)
            return text;
        for (int keep = text.Length - 1; keep > 1; keep--)
        {
            string shorter = string.Concat(text.AsSpan(0, (keep + 1) / 2), "…", text.AsSpan(text.Length - (keep / 2)));
            if (Measure(shorter, size, strong) <= width)
                return shorter;
        }

        return "…";
    }

    /// <summary>The page as a PNG file's bytes.</summary>
    public byte[] ToPng()
    {
        using SKImage image = _surface.Snapshot();
        using SKData data = image.Encode(SKEncodedImageFormat.Png, 100) ?? throw new TercetException("The picture cannot be encoded as PNG.");
        return data.ToArray();
    }

    public void Dispose()
    {
        _paint.Dispose();
        _surface.Dispose();
    }

    private static SKFont Font(float size, bool strong) =>
        new(strong ? ReportFonts.Strong : ReportFonts.Regular, size) { Subpixel = true, Edging = SKFontEdging.Antialias, Hinting = SKFontHinting.None };

    private SKPaint Fill(SKColor color)
    {
        _paint.Style = SKPaintStyle.Fill;
        _paint.Color = color;
        return _paint;
    }

    private SKPaint Stroke(SKColor color, float width)
    {
        _paint.Style = SKPaintStyle.Stroke;
        _paint.StrokeWidth = width;
        _paint.StrokeCap = SKStrokeCap.Butt;
        _paint.Color = color;
        return _paint;
    }
}
