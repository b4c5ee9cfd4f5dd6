namespace Tercet.Tests.Mining;

/// <summary>Cancellations that come while something runs.</summary>
internal static class Cancelled
{
    /// <summary>A source that is cancelled after some time, by a thread of its own: the pool's threads may all be busy with other tests.</summary>
    public static CancellationTokenSource After(int milliseconds)
    {
        CancellationTokenSource source = new();
        Thread thread = new(() =>
        {
            Thread.Sleep(milliseconds);
            try
            {
                source.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // The test has failed before.
            }
        });
        thread.IsBackground = true;
        thread.Start();
        return source;
    }
}
