namespace Tercet.Load.Targets;

/// <summary>Reads a server's <c>/metrics</c>. Percentiles are as fine as the buckets there.</summary>
internal sealed class PrometheusStages(HttpClient http) : IStageClock
{
    private string _before = "";

    public async Task Restart() => _before = await http.GetStringAsync("metrics");

    public async Task<IReadOnlyList<StageTimes>> Read()
    {
        string now = await http.GetStringAsync("metrics");
        return [.. StageTimes.Instruments.Select(each =>
        {
            string name = each.Instrument.Replace('.', '_') + "_seconds";
            PrometheusBuckets buckets = PrometheusBuckets.Parse(now, name).Since(PrometheusBuckets.Parse(_before, name));
            return new StageTimes(each.Stage, buckets.Count, buckets.Percentile(50) * 1e3, buckets.Percentile(99) * 1e3, buckets.Percentile(99.9) * 1e3);
        })];
    }
}
