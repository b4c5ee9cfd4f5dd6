using System.Diagnostics;
using Tercet.Mining;

namespace Tercet.Cli.Output;

/// <summary>Takes mined rows as they come. What it was given becomes a file only when <see cref="Complete"/> is called.</summary>
internal abstract class TripletSink : ITripletConsumer, IDisposable
{
    private readonly Stopwatch _clock = new();

    /// <summary>The file names that have a sink.</summary>
    public static bool IsKnown(string path) => IsNpy(path) || IsCsv(path);

    /// <summary>The sink for a file, by the name's ending; one that keeps nothing for no file.</summary>
    /// <exception cref="TercetException">The file cannot be written there.</exception>
    public static TripletSink Open(string? path) =>
        path is null ? new NoTripletSink() : IsNpy(path) ? new NpyTripletSink(path) : new CsvTripletSink(path);

    /// <summary>Milliseconds spent in this sink so far.</summary>
    public double ElapsedMs => _clock.Elapsed.TotalMilliseconds;

    public void Consume(ReadOnlySpan<Triplet> triplets)
    {
        _clock.Start();
        Write(triplets);
        _clock.Stop();
    }

    /// <summary>Takes a pair: a row that has no negative, or no positive.</summary>
    public void Consume(MinedPair pair)
    {
        _clock.Start();
        Triplet row = pair.IsPositive
            ? new Triplet(pair.Anchor, pair.Other, -1, pair.Distance, float.NaN)
            : new Triplet(pair.Anchor, -1, pair.Other, float.NaN, pair.Distance);
        Write([row]);
        _clock.Stop();
    }

    /// <summary>Makes the file appear under its name.</summary>
    public void Complete()
    {
        _clock.Start();
        Commit();
        _clock.Stop();
    }

    public abstract void Dispose();

    /// <summary>Appends rows; an index of −1 and its distance stand for what is not meant.</summary>
    protected abstract void Write(ReadOnlySpan<Triplet> triplets);

    protected abstract void Commit();

    private static bool IsNpy(string path) => path.EndsWith(".npy", StringComparison.OrdinalIgnoreCase);

    private static bool IsCsv(string path) => path.EndsWith(".csv", StringComparison.OrdinalIgnoreCase);
}
