using SkiaSharp;

namespace Tercet.Cli.Reports;

/// <summary>The page of <c>evaluate --plot</c>: the distances of all pairs above the ROC curve.</summary>
internal static class EvaluationPicture
{
    private const float Margin = 24;
    private const float Width = 960;
    private const float PlotHeight = 280;

    /// <summary>Draws the page.</summary>
    /// <returns>The bytes of a PNG file.</returns>
    public static byte[] Render(ReportHeader header, DistanceHistogram histogram, (double Distance, string Caption)? threshold, IReadOnlyList<(double FalseAccepts, double TrueAccepts)> roc)
    {
        using ReportCanvas canvas = new(Width, ReportHeader.Height + 16 + (2 * PlotHeight) + 16 + Margin);
        header.Draw(canvas, Margin);
        SKRect upper = SKRect.Create(Margin, ReportHeader.Height + 16, Width - (2 * Margin), PlotHeight);
        histogram.Draw(canvas, upper, threshold);
        RocPlot.Draw(canvas, SKRect.Create(upper.Left, upper.Bottom + 16, upper.Width, PlotHeight), roc, histogram.DifferentCount);
        return canvas.ToPng();
    }
}
