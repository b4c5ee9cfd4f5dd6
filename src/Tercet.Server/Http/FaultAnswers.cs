using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Tercet.Cli;
using Tercet.Extensions;
using Tercet.Imaging;
using Tercet.Server.Json;
using Tercet.Server.Options;

namespace Tercet.Server.Http;

/// <summary>The one place where a failure becomes an answer: a status, and <c>{"error": …}</c>. Ends what takes longer than it may.</summary>
internal sealed partial class FaultAnswers(ServerOptions options, ILogger<FaultAnswers> logger)
{
    private const int ClientClosedRequest = 499;

    public async Task Guard(HttpContext context, RequestDelegate next)
    {
        CancellationToken aborted = context.RequestAborted;
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(aborted);
        limit.CancelAfter(options.RequestTimeout);
        context.RequestAborted = limit.Token;
        context.Response.Headers.XContentTypeOptions = "nosniff";
        try
        {
            await next(context);
        }
        catch (Exception failure) when (!context.Response.HasStarted)
        {
            context.RequestAborted = aborted;
            (int status, string message) = aborted.IsCancellationRequested ? (ClientClosedRequest, "") : Describe(failure);
            if (status == StatusCodes.Status500InternalServerError)
                LogDefect(logger, context.Request.Path, failure);
            await Answer(context, status, message);
        }
    }

    public static async Task Answer(HttpContext context, int status, string message)
    {
        context.Response.StatusCode = status;

        // The body was not read to its end, so that nothing can follow on this connection.
        if (status is ClientClosedRequest or StatusCodes.Status408RequestTimeout)
            context.Response.Headers.Connection = "close";
        if (status == ClientClosedRequest)
            return;
        if (status is StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable)
            context.Response.Headers.RetryAfter = "1";
        context.Response.ContentType = "application/json";
        await context.Response.Body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(new ErrorJson(message), ServerJson.Default.ErrorJson), CancellationToken.None);
    }

    private (int Status, string Message) Describe(Exception failure) => failure switch
    {
        HttpFault fault => (fault.Status, fault.Message),
        BadHttpRequestException bad => (bad.StatusCode, bad.Message),
        ImageException image => (StatusOf(image.Reason), image.Message),
        TercetOverloadedException { Reason: OverloadReason.Stopping } stopping => (503, stopping.Message),
        TercetOverloadedException busy => (429, busy.Message),
        JsonException json => (400, $"The body is not the JSON that is wanted: {json.Message}"),
        OperationCanceledException => (503, $"The request took longer than {options.RequestTimeout.TotalSeconds:0} s."),
        ArgumentException argument => (400, FailureText.Of(argument)),
        OutOfMemoryException => (503, "There is not enough memory for this request now."),
        TercetException failed => (503, failed.Message),
        _ => (500, "The server has a defect; its log says more."),
    };

    private static int StatusOf(ImageErrorReason reason) => reason switch
    {
        ImageErrorReason.TooLarge or ImageErrorReason.TooManyPixels => 413,
        ImageErrorReason.NotAnImage or ImageErrorReason.UnsupportedFormat => 415,
        _ => 400,
    };

    [LoggerMessage(Level = LogLevel.Error, Message = "{Path} failed of a defect.")]
    private static partial void LogDefect(ILogger logger, PathString path, Exception failure);
}
