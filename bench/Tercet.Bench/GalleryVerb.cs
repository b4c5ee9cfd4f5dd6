using System.Diagnostics;
using System.Globalization;
using Tercet.Galleries;
using Tercet.Search;

namespace Tercet.Bench;

/// <summary>Galleries on disk: <c>gallery build FOLDER ROWS DIM</c>, <c>gallery search FOLDER THREADS</c>, <c>gallery images MODEL FACES COUNT</c>.</summary>
internal static class GalleryVerb
{
    private const int CommitRows = 1 << 20;
    private const int LargeRows = 1_000_000;
    private const int ManyQueries = 40;
    private const int FewQueries = 4;
    private const int K = 10;

    public static int Run(ReadOnlySpan<string> arguments)
    {
        switch (arguments[0])
        {
            case "build":
                Build(arguments[1], Number(arguments[2]), Number(arguments[3]));
                return 0;
            case "search":
                Search(arguments[1], Number(arguments[2]));
                return 0;
            case "images":
                GalleryImages.Run(arguments[1], arguments[2], Number(arguments[3]));
                return 0;
            default:
                return 2;
        }
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static void Build(string folder, int rows, int dimension)
    {
        long start = Stopwatch.GetTimestamp();
        using Gallery gallery = Gallery.Create(folder, new GallerySchema { Dimension = dimension });
        using GalleryWriter writer = gallery.OpenWriter();
        Random random = new(1);
        float[] row = new float[dimension];
        for (int i = 0; i < rows; i++)
        {
            Fill(random, row);
            writer.Put(i, row);
            if (writer.PendingCount == CommitRows)
                writer.Commit();
        }

        writer.Commit();
        Console.WriteLine($"build: {rows} rows x {dimension} in {Stopwatch.GetElapsedTime(start).TotalSeconds:F1} s, {Directory.GetFiles(folder, "*.arrow").Length} segments");
    }

    private static void Search(string folder, int threads)
    {
        Random random = new(2);
        using PeakMemory memory = new();
        long start = Stopwatch.GetTimestamp();
        using Gallery gallery = Gallery.Open(folder, new GalleryOptions { Threads = threads });
        Console.WriteLine($"open: {gallery.Count} rows in {Stopwatch.GetElapsedTime(start).TotalMilliseconds:F1} ms");
        float[][] queries = [.. Enumerable.Range(0, gallery.Count > LargeRows ? FewQueries : ManyQueries).Select(_ => Fill(random, new float[gallery.Schema.Dimension]))];
        GalleryNeighbor[] found = new GalleryNeighbor[K];
        start = Stopwatch.GetTimestamp();
        gallery.Search(queries[0], found);
        Console.WriteLine($"first search, which compares every block with its checksum: {Stopwatch.GetElapsedTime(start).TotalMilliseconds:F0} ms");
        Console.WriteLine($"most memory beyond the mapped files until then: {memory.Megabytes:F1} MB");
        foreach (float[] query in queries)
            gallery.Search(query, found);
        Console.WriteLine($"most memory beyond the mapped files after {queries.Length} more searches: {memory.Megabytes:F1} MB");

        using Gallery plain = Gallery.Open(folder, new GalleryOptions { Threads = threads, Filter = SearchFilter.None });
        plain.Search(queries[0], found);
        List<double> filtered = [], full = [];
        GalleryNeighbor[] expected = new GalleryNeighbor[K];
        for (int round = 0; round < 3; round++)
        {
            foreach (float[] query in queries)
            {
                full.Add(Time(() => plain.Search(query, expected)));
                filtered.Add(Time(() => gallery.Search(query, found)));
                if (!expected.AsSpan().SequenceEqual(found))
                    throw new InvalidOperationException("The answers differ.");
            }
        }

        Console.WriteLine($"single query, k = {K}, {threads} threads, median: fp32 {Median(full):F3} ms, int8 first {Median(filtered):F3} ms, ratio {Median(filtered) / Median(full):F3}; the same {queries.Length} answers");
    }

    private static float[] Fill(Random random, float[] row)
    {
        for (int k = 0; k < row.Length; k++)
            row[k] = (random.NextSingle() * 2) - 1;
        return row;
    }

    private static double Time(Action act)
    {
        long start = Stopwatch.GetTimestamp();
        act();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
