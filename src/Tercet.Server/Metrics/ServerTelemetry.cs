using System.Diagnostics.Metrics;
using Tercet.Extensions.Telemetry;

namespace Tercet.Server.Metrics;

/// <summary>Times of searches and of mining.</summary>
internal sealed class ServerTelemetry
{
    private readonly Histogram<double> _search;
    private readonly Histogram<double> _mining;

    public ServerTelemetry(IMeterFactory factory)
    {
        Meter meter = factory.Create(TercetInstruments.Name);
        _search = TercetInstruments.CreateDuration(meter, "db.client.operation.duration", "Time of one search of the gallery.");
        _mining = TercetInstruments.CreateDuration(meter, "tercet.mining.duration", "Time of one mining call.");
    }

    public void Searched(TimeSpan time, string gallery) =>
        _search.Record(time.TotalSeconds, new("db.system.name", "tercet"), new("db.operation.name", "search"), new("db.collection.name", gallery));

    public void Mined(TimeSpan time) => _mining.Record(time.TotalSeconds);
}
