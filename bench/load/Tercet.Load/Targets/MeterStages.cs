using System.Diagnostics.Metrics;
using Tercet.Extensions.Telemetry;

namespace Tercet.Load.Targets;

/// <summary>Listens to the instruments of services in this process.</summary>
internal sealed class MeterStages : IStageClock, IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly LatencyHistogram[] _times = [.. StageTimes.Instruments.Select(_ => new LatencyHistogram())];

    public MeterStages()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            int stage = StageTimes.Instruments.ToList().FindIndex(each => each.Instrument == instrument.Name);
            if (instrument.Meter.Name == TercetInstruments.Name && stage >= 0)
                listener.EnableMeasurementEvents(instrument, _times[stage]);
        };
        _listener.SetMeasurementEventCallback<double>(static (_, seconds, _, state) => ((LatencyHistogram)state!).RecordSeconds(seconds));
        _listener.Start();
    }

    public Task Restart()
    {
        foreach (LatencyHistogram times in _times)
            times.Reset();
        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<StageTimes>> Read() =>
        Task.FromResult<IReadOnlyList<StageTimes>>([.. _times.Select((times, i) => times.ToTimes(StageTimes.Instruments[i].Stage))]);

    public void Dispose() => _listener.Dispose();
}
