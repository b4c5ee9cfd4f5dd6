using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Tercet.Server.Http;
using Tercet.Server.Json;

namespace Tercet.Server.Endpoints;

/// <summary>Whether the server lives, and whether it can be sent requests.</summary>
internal sealed class HealthEndpoint(HealthCheckService health)
{
    public static Task Live(HttpContext context) => Answers.Json(context, new HealthJson("alive", new Dictionary<string, string>()), ServerJson.Default.HealthJson);

    public async Task Ready(HttpContext context)
    {
        HealthReport report = await health.CheckHealthAsync(context.RequestAborted);
        if (report.Status == HealthStatus.Unhealthy)
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;

        // Without the checks' words: this path needs no key.
        Dictionary<string, string> checks = report.Entries.ToDictionary(entry => entry.Key, entry => Name(entry.Value.Status));
        await Answers.Json(context, new HealthJson(Name(report.Status), checks), ServerJson.Default.HealthJson);
    }

    private static string Name(HealthStatus status) => status switch
    {
        HealthStatus.Healthy => "healthy",
        HealthStatus.Degraded => "degraded",
        _ => "unhealthy",
    };
}
