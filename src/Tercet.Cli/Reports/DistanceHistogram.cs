using SkiaSharp;

namespace Tercet.Cli.Reports;

/// <summary>The distances of same-identity and of different-identity pairs as two overlaid histograms, each in per cent of its own pairs.</summary>
internal sealed class DistanceHistogram
{
    private const int BinCount = 64;
    private readonly double[] _same = new double[BinCount];
    private readonly double[] _different = new double[BinCount];

    /// <summary>Counts the pairs.</summary>
    /// <param name="same">Distances of pairs with one label; finite and not negative.</param>
    /// <param name="different">Distances of pairs with two labels.</param>
    /// <param name="unit">The distances' unit, for the axis.</param>
    public DistanceHistogram(ReadOnlySpan<float> same, ReadOnlySpan<float> different, string unit)
    {
        Unit = unit;
        SameCount = same.Length;
        DifferentCount = different.Length;
        Axis = NiceAxis.UpTo(Math.Max(Max(same), Max(different)));
        Count(same, _same);
        Count(different, _different);
    }

    public string Unit { get; }

    public int SameCount { get; }

    public int DifferentCount { get; }

    private NiceAxis Axis { get; }

    /// <summary>Draws the histograms into a card.</summary>
    /// <param name="canvas">The page.</param>
    /// <param name="card">Where on it.</param>
    /// <param name="threshold">A distance to mark with a line, and what to call it.</param>
    public void Draw(ReportCanvas canvas, SKRect card, (double Distance, string Caption)? threshold)
    {
        canvas.Card(card);
        canvas.Text("Distances of all pairs", new SKPoint(card.Left + 16, card.Top + 25), 13, Palette.Ink, strong: true);
        Legend(canvas, card);

        SKRect plot = new(card.Left + 48, card.Top + 64, card.Right - 18, card.Bottom - 40);
        NiceAxis share = NiceAxis.UpTo(100 * Math.Max(_same.Max(), _different.Max()), steps: 4);
        foreach (double tick in share.Ticks())
        {
            float y = plot.Bottom - ((float)(tick / share.Maximum) * plot.Height);
            canvas.Line(new SKPoint(plot.Left, y), new SKPoint(plot.Right, y), Palette.Grid);
            canvas.Text(share.Label(tick) + "%", new SKPoint(plot.Left - 7, y + 3.5f), 9.5f, Palette.Muted, align: SKTextAlign.Right);
        }

        Bars(canvas, plot, share, _different, Palette.Different);
        Bars(canvas, plot, share, _same, Palette.Same);
        canvas.Line(new SKPoint(plot.Left, plot.Bottom), new SKPoint(plot.Right, plot.Bottom), Palette.Muted);
        foreach (double tick in Axis.Ticks())
        {
            float x = plot.Left + ((float)(tick / Axis.Maximum) * plot.Width);
            canvas.Text(Axis.Label(tick), new SKPoint(x, plot.Bottom + 15), 9.5f, Palette.Muted, align: SKTextAlign.Center);
        }

        canvas.Text(Unit, new SKPoint(plot.MidX, plot.Bottom + 30), 10, Palette.Muted, align: SKTextAlign.Center);
        if (threshold is { } mark && mark.Distance <= Axis.Maximum)
            Mark(canvas, plot, mark.Distance, mark.Caption);
    }

    private static float Max(ReadOnlySpan<float> values)
    {
        float max = 0;
        foreach (float value in values)
            max = Math.Max(max, value);
        return max;
    }

    private static void Bars(ReportCanvas canvas, SKRect plot, NiceAxis share, double[] bins, SKColor color)
    {
        float width = plot.Width / BinCount;
        for (int i = 0; i < BinCount; i++)
        {
            if (bins[i] == 0)
                continue;
            float height = (float)(100 * bins[i] / share.Maximum) * plot.Height;
            float left = plot.Left + (i * width);
            canvas.Rectangle(new SKRect(left + 0.5f, plot.Bottom - height, left + width - 0.5f, plot.Bottom), color.WithAlpha(185));
        }
    }

    private void Mark(ReportCanvas canvas, SKRect plot, double distance, string caption)
    {
        float x = plot.Left + ((float)(distance / Axis.Maximum) * plot.Width);
        canvas.Line(new SKPoint(x, plot.Top - 14), new SKPoint(x, plot.Bottom), Palette.Ink, 1.2f, dashed: true);
        bool fitsRight = x + 6 + ReportCanvas.Measure(caption, 10) <= plot.Right;
        canvas.Text(caption, new SKPoint(fitsRight ? x + 6 : x - 6, plot.Top - 7), 10, Palette.Ink, align: fitsRight ? SKTextAlign.Left : SKTextAlign.Right);
    }

    private void Legend(ReportCanvas canvas, SKRect card)
    {
        float right = card.Right - 18;
        foreach ((string text, SKColor color) in new[]
        {
            (FormattableString.Invariant($"different identities ({DifferentCount:N0} pairs)"), Palette.Different),
            (FormattableString.Invariant($"same identity ({SameCount:N0} pairs)"), Palette.Same),
        })
        {
            canvas.Text(text, new SKPoint(right, card.Top + 25), 10.5f, Palette.Ink, align: SKTextAlign.Right);
            right -= ReportCanvas.Measure(text, 10.5f) + 9;
            canvas.Dot(new SKPoint(right, card.Top + 21.5f), 4, color);
            right -= 20;
        }
    }

    private void Count(ReadOnlySpan<float> distances, double[] bins)
    {
        foreach (float distance in distances)
            bins[Math.Clamp((int)(distance / Axis.Maximum * BinCount), 0, BinCount - 1)] += 1.0 / distances.Length;
    }
}
