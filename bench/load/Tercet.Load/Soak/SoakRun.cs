using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using Tercet.Load.Rates;
using Tercet.Load.Targets;

namespace Tercet.Load.Soak;

/// <summary>Puts a mixture of requests on a server for a long time, looks at its process, and judges.</summary>
internal sealed class SoakRun(ServerProcess server, string key, IReadOnlyList<SoakRequest> mixture, Action<string> say) : IDisposable
{
    private const int MostOpen = 64;
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan SayEvery = TimeSpan.FromMinutes(1);

    private readonly HttpClient _http = new() { BaseAddress = server.Address, Timeout = TimeSpan.FromMinutes(1) };
    private readonly ConcurrentDictionary<string, long> _ends = new();
    private int _open;
    private long _sent;
    private long _wrong;

    public async Task<SoakResult> Run(double perSecond, TimeSpan length)
    {
        long start = Stopwatch.GetTimestamp();
        Task<List<SoakSample>> looks = Look(start, length);
        Thread sender = new(() => SendAll(start, perSecond, length)) { IsBackground = true, Name = "arrivals" };
        sender.Start();
        List<SoakSample> samples = await looks;
        (IReadOnlyList<SoakWindow> windows, IReadOnlyList<Mark> marks) = SoakJudge.Judge(samples);
        return new SoakResult(length.TotalMinutes, _sent, new SortedDictionary<string, long>(_ends), windows, [.. marks, new Mark("requests that ended otherwise than they had to", _wrong, 0), new Mark("the server has ended", server.HasExited ? 1 : 0, 0)]);
    }

    public void Dispose() => _http.Dispose();

    private async Task<List<SoakSample>> Look(long start, TimeSpan length)
    {
        List<SoakSample> samples = [];
        TimeSpan said = TimeSpan.Zero;
        while (Stopwatch.GetElapsedTime(start) is var passed && passed < length && !server.HasExited)
        {
            (long resident, int handles, int threads) = server.Look();
            samples.Add(new SoakSample(passed.TotalSeconds, resident, await Heap(), handles, threads));
            if (passed - said >= SayEvery)
            {
                said = passed;
                say($"{passed.TotalMinutes:0} minutes, {_sent:N0} requests, {_wrong} wrong, {resident >> 20} MiB, {handles} handles, {threads} threads");
            }

            await Task.Delay(LookEvery);
        }

        return samples;
    }

    private async Task<long> Heap()
    {
        using HttpRequestMessage request = new(HttpMethod.Get, "metrics");
        request.Headers.Add("X-Api-Key", key);
        using HttpResponseMessage answer = await _http.SendAsync(request);
        string text = await answer.Content.ReadAsStringAsync();
        return text.Split('\n').Where(line => line.StartsWith("dotnet_gc_last_collection_heap_size_bytes", StringComparison.Ordinal))
            .Sum(line => (long)double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
    }

    private void SendAll(long start, double perSecond, TimeSpan length)
    {
        for (long i = 0; Stopwatch.GetElapsedTime(start) < length && !server.HasExited; i++)
        {
            FineSleep.Until(start + (long)(i / perSecond * Stopwatch.Frequency));

            // A machine that is busy with something else must not make this a test of overload.
            if (Volatile.Read(ref _open) >= MostOpen)
                continue;
            Interlocked.Increment(ref _open);
            _sent++;
            SoakRequest request = mixture[(int)(i % mixture.Count)];
            ThreadPool.UnsafeQueueUserWorkItem(static state => _ = state.Run.Send(state.Request), (Run: this, Request: request), preferLocal: false);
        }
    }

    private async Task Send(SoakRequest kind)
    {
        string end;
        try
        {
            using HttpRequestMessage request = kind.Make();
            using CancellationTokenSource source = new();
            if (kind.GivesUpAfter is { } after)
                source.CancelAfter(after);
            if (kind.IsOnNewConnection)
            {
                using HttpClient http = new() { BaseAddress = server.Address };
                end = await Status(http, request, source.Token);
            }
            else
            {
                end = await Status(_http, request, source.Token);
            }
        }
        catch (OperationCanceledException) when (kind.GivesUpAfter is not null)
        {
            end = "given up";
        }
        catch (Exception failure)
        {
            end = failure.GetType().Name;
        }

        _ends.AddOrUpdate($"{kind.Name}: {end}", 1, (_, count) => count + 1);
        if (end != kind.Expected.ToString(CultureInfo.InvariantCulture) && end is not ("429" or "given up"))
            Interlocked.Increment(ref _wrong);
        Interlocked.Decrement(ref _open);
    }

    private static async Task<string> Status(HttpClient http, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using HttpResponseMessage answer = await http.SendAsync(request, cancellationToken);
        await answer.Content.ReadAsByteArrayAsync(cancellationToken);
        HttpStatusCode status = answer.StatusCode;
        return ((int)status).ToString(CultureInfo.InvariantCulture);
    }
}
