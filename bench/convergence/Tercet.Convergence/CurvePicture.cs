using ScottPlot;

namespace Tercet.Convergence;

/// <summary>Four plots of one data set: recall@1 against steps and against processor time, active triplets and spread against steps.</summary>
internal static class CurvePicture
{
    private static readonly string[] Colours = ["#7f7f7f", "#bcbd22", "#d62728", "#ff7f0e", "#1f77b4", "#e377c2", "#17becf", "#9467bd", "#2ca02c"];

    public static void Save(Curves[] curves, string dataset, string path)
    {
        Fonts.AddFontFile("Inter", Path.Combine(AppContext.BaseDirectory, "Inter-Regular.otf"));
        Fonts.Default = "Inter";
        Multiplot picture = new();
        picture.AddPlots(4);
        picture.Layout = new ScottPlot.MultiplotLayouts.Grid(2, 2);
        Draw(picture.GetPlot(0), curves, $"{dataset}: recall@1", "steps", each => (Array.ConvertAll(each.Steps, step => (double)step), each.Recall));
        Draw(picture.GetPlot(1), curves, $"{dataset}: recall@1", "processor seconds (one thread)", each => (each.Seconds, each.Recall));
        Draw(picture.GetPlot(2), curves, "active triplets (fraction)", "steps", each => (Numbers(each.Active), each.Active));
        Draw(picture.GetPlot(3), curves, "spread (0: collapsed)", "steps", each => (Numbers(each.Spread), each.Spread));
        for (int plot = 1; plot < 4; plot++)
            picture.GetPlot(plot).HideLegend();
        picture.GetPlot(0).ShowLegend(Alignment.LowerRight);
        picture.SavePng(path, 1600, 1200);
    }

    private static void Draw(Plot plot, Curves[] curves, string title, string xTitle, Func<Curves, (double[] X, double[] Y)> points)
    {
        foreach (Curves each in curves)
        {
            (double[] x, double[] y) = points(each);
            ScottPlot.Plottables.Scatter line = plot.Add.ScatterLine(x, y, Color.FromHex(Colours[Order(each.Strategy)]));
            line.LegendText = each.Strategy;
            line.LineWidth = 2;
        }

        plot.Font.Set("Inter");
        plot.Title(title);
        plot.XLabel(xTitle);
    }

    private static int Order(string strategy) => Strategy.All.Select(each => each.Name).ToList().IndexOf(strategy);

    private static double[] Numbers(double[] values) => [.. Enumerable.Range(0, values.Length).Select(at => (double)at)];
}
