using System.Diagnostics;

namespace Tercet.Gpu;

/// <summary>
/// Times one call, made again and again while <see cref="Next"/> says so: first the device's time of its kernels, the cache emptied before each, then the whole call, with nothing in between.
/// </summary>
/// <param name="driver">The driver that the calls go through.</param>
/// <param name="calls">How many of either sort.</param>
internal sealed class CallTimes(MeasuredDriver driver, int calls)
{
    private readonly double[] _device = new double[calls];
    private readonly double[] _whole = new double[calls];
    private int _begun;
    private long _start;

    /// <summary>The median of the kernels' times, in milliseconds.</summary>
    public double Device => Median(_device);

    /// <summary>The median of the whole calls' times, in milliseconds.</summary>
    public double Whole => Median(_whole);

    /// <summary>The kernel that took longest in the last call whose kernels were timed.</summary>
    public (string Name, double Milliseconds) Longest { get; private set; }

    /// <summary>Ends a call, if one has been begun, and begins the next; false when all are done.</summary>
    public bool Next()
    {
        if (_begun > calls)
            _whole[_begun - calls - 1] = Stopwatch.GetElapsedTime(_start).TotalMilliseconds;
        else if (_begun > 0)
            TakeKernels();
        bool isDone = _begun == 2 * calls;
        driver.IsOn = _begun < calls || isDone;
        if (isDone)
            return false;
        _begun++;
        _start = Stopwatch.GetTimestamp();
        return true;
    }

    private void TakeKernels()
    {
        (_device[_begun - 1], IReadOnlyDictionary<string, double> kernels) = driver.Take();
        KeyValuePair<string, double> most = kernels.MaxBy(kernel => kernel.Value);
        Longest = (most.Key, most.Value);
    }

    private static double Median(double[] times) => times.Order().ElementAt(times.Length / 2);
}
