using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Tercet.Memory;

namespace Tercet.Bench;

/// <summary>How fast one thread reads memory that no cache holds.</summary>
internal static class ReadBandwidth
{
    /// <summary>Bytes a second in units of 10⁹, the best of several passes over the buffer.</summary>
    /// <param name="floats">The buffer's length; well above the last cache's share.</param>
    /// <param name="seconds">How long to repeat.</param>
    public static double Measure(int floats, double seconds)
    {
        using PinnedBuffer<float> buffer = new(floats);
        buffer.Span.Fill(1f);
        double best = double.MaxValue;
        long start = Stopwatch.GetTimestamp();
        do
        {
            long begin = Stopwatch.GetTimestamp();
            Sum(buffer.Span);
            best = Math.Min(best, Stopwatch.GetElapsedTime(begin).TotalSeconds);
        }
        while (Stopwatch.GetElapsedTime(start).TotalSeconds < seconds);
        return (double)floats * sizeof(float) / best / 1e9;
    }

    /// <summary>Reads every value but the last few, up to 63.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Sum(ReadOnlySpan<float> values)
    {
        Vector512<float> a = default, b = default, c = default, d = default;
        while (values.Length >= 64)
        {
            a += Vector512.Create(values);
            b += Vector512.Create(values[16..]);
            c += Vector512.Create(values[32..]);
            d += Vector512.Create(values[48..]);
            values = values[64..];
        }

        return Vector512.Sum(a + b + c + d);
    }
}
