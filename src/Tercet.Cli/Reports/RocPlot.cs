using System.Globalization;
using SkiaSharp;

namespace Tercet.Cli.Reports;

/// <summary>True accepts against false accepts, the latter on a logarithmic axis, where face verification is read.</summary>
internal static class RocPlot
{
    /// <summary>Draws the curve into a card.</summary>
    /// <param name="canvas">The page.</param>
    /// <param name="card">Where on it.</param>
    /// <param name="points">False-accept rate and true-accept rate, both in [0, 1], in ascending order of the first.</param>
    /// <param name="differentPairs">Number of different-identity pairs: 1 over it is the smallest rate that can be told from 0.</param>
    public static void Draw(ReportCanvas canvas, SKRect card, IReadOnlyList<(double FalseAccepts, double TrueAccepts)> points, long differentPairs)
    {
        canvas.Card(card);
        canvas.Text("Receiver operating characteristic", new SKPoint(card.Left + 16, card.Top + 25), 13, Palette.Ink, strong: true);
        SKRect plot = new(card.Left + 48, card.Top + 56, card.Right - 22, card.Bottom - 40);
        int decades = (int)Math.Clamp(Math.Ceiling(Math.Log10(Math.Max(10, differentPairs))), 1, 8);

        for (int step = 0; step <= 4; step++)
        {
            float y = plot.Bottom - (step / 4f * plot.Height);
            canvas.Line(new SKPoint(plot.Left, y), new SKPoint(plot.Right, y), Palette.Grid);
            canvas.Text((step * 25).ToString(CultureInfo.InvariantCulture) + "%", new SKPoint(plot.Left - 7, y + 3.5f), 9.5f, Palette.Muted, align: SKTextAlign.Right);
        }

        for (int decade = 0; decade <= decades; decade++)
        {
            float x = plot.Right - (decade / (float)decades * plot.Width);
            canvas.Line(new SKPoint(x, plot.Top), new SKPoint(x, plot.Bottom), Palette.Grid);
            string label = decade == 0 ? "1" : Math.Pow(10, -decade).ToString(decade <= 4 ? "0.####" : "0E0", CultureInfo.InvariantCulture);
            canvas.Text(label, new SKPoint(x, plot.Bottom + 15), 9.5f, Palette.Muted, align: SKTextAlign.Center);
        }

        canvas.Line(new SKPoint(plot.Left, plot.Bottom), new SKPoint(plot.Right, plot.Bottom), Palette.Muted);
        canvas.Text("false accepts (different identities taken for one)", new SKPoint(plot.MidX, plot.Bottom + 30), 10, Palette.Muted, align: SKTextAlign.Center);
        canvas.Text("true accepts", new SKPoint(plot.Left, plot.Top - 9), 10, Palette.Muted);
        canvas.Polyline(Steps(points, plot, decades), Palette.Same, 2);
    }

    private static SKPoint[] Steps(IReadOnlyList<(double FalseAccepts, double TrueAccepts)> points, SKRect plot, int decades)
    {
        List<SKPoint> line = new((2 * points.Count) + 1);
        foreach ((double falseAccepts, double trueAccepts) in points)
        {
            double decade = falseAccepts > 0 ? Math.Min(decades, -Math.Log10(falseAccepts)) : decades;
            SKPoint next = new(plot.Right - (float)(decade / decades * plot.Width), plot.Bottom - ((float)trueAccepts * plot.Height));
            if (line.Count > 0 && line[^1] == next)
                continue;
            if (line.Count > 0)
                line.Add(new SKPoint(next.X, line[^1].Y));
            line.Add(next);
        }

        return [.. line];
    }
}
