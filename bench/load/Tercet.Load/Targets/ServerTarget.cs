using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Tercet.Load.Targets;

/// <summary>A server over HTTP: images at <c>/embed</c>, samples by the Open Inference Protocol v2 with binary tensors.</summary>
internal sealed class ServerTarget : ITarget
{
    // Below what a server takes and a process may open; a request that waits for one is waiting all the same.
    private const int MostConnections = 1024;
    private const string LengthHeader = "Inference-Header-Content-Length";

    private readonly ServerProcess _server;
    private readonly Inputs _inputs;
    private readonly HttpClient _http;
    private readonly string _model;
    private readonly string _input;
    private readonly string _shape;
    private long _wrongIds;

    private ServerTarget(ServerProcess server, HttpClient http, Inputs inputs, string model, JsonElement metadata)
    {
        (_server, _http, _inputs, _model) = (server, http, inputs, model);
        JsonElement input = metadata.GetProperty("inputs")[0];
        _input = input.GetProperty("name").GetString()!;
        _shape = string.Join(',', input.GetProperty("shape").EnumerateArray().Skip(1).Select(size => size.GetInt32()));
        Dimension = metadata.GetProperty("outputs")[0].GetProperty("shape")[1].GetInt32();
        Stages = new PrometheusStages(http);
    }

    public int Dimension { get; }

    public IStageClock Stages { get; }

    public long ResidentBytes => _server.Look().ResidentBytes;

    /// <summary>Answers that bore another request's id.</summary>
    public long WrongIds => Interlocked.Read(ref _wrongIds);

    /// <summary>Starts to ask a server, which is the target's own from then on.</summary>
    public static async Task<ServerTarget> Connect(ServerProcess server, string model, Func<int, Inputs> inputs)
    {
        HttpClient http = new(new SocketsHttpHandler { MaxConnectionsPerServer = MostConnections }) { BaseAddress = server.Address, Timeout = TimeSpan.FromMinutes(2) };
        using JsonDocument metadata = JsonDocument.Parse(await http.GetByteArrayAsync($"v2/models/{model}"));
        int length = 1;
        foreach (JsonElement size in metadata.RootElement.GetProperty("inputs")[0].GetProperty("shape").EnumerateArray().Skip(1))
            length *= size.GetInt32();
        return new ServerTarget(server, http, inputs(length), model, metadata.RootElement);
    }

    public async Task<Outcome> Send(int input, Memory<float> embedding, CancellationToken cancellationToken)
    {
        string id = input.ToString(CultureInfo.InvariantCulture);
        using HttpRequestMessage request = _inputs.Images is { } images ? Image(images[input % images.Length]) : Sample(_inputs.Samples![input % _inputs.Count], id);
        try
        {
            using HttpResponseMessage answer = await _http.SendAsync(request, cancellationToken);
            byte[] body = await answer.Content.ReadAsByteArrayAsync(cancellationToken);
            if (answer.StatusCode == HttpStatusCode.TooManyRequests)
                return Outcome.Refused;
            if (answer.StatusCode != HttpStatusCode.OK)
                return Outcome.Failed;
            int header = answer.Headers.TryGetValues(LengthHeader, out IEnumerable<string>? lengths) ? int.Parse(lengths.Single(), CultureInfo.InvariantCulture) : 0;
            if (header > 0)
                CheckId(body.AsMemory(0, header), id);
            MemoryMarshal.Cast<byte, float>(body.AsSpan(header)).CopyTo(embedding.Span);
            return Outcome.Answered;
        }
        catch (HttpRequestException)
        {
            return Outcome.Failed;
        }
    }

    public ValueTask DisposeAsync()
    {
        _http.Dispose();
        _server.Dispose();
        return ValueTask.CompletedTask;
    }

    private void CheckId(ReadOnlyMemory<byte> json, string id)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        if (document.RootElement.GetProperty("id").GetString() != id)
            Interlocked.Increment(ref _wrongIds);
    }

    private static HttpRequestMessage Image(byte[] image)
    {
        HttpRequestMessage request = new(HttpMethod.Post, "embed") { Content = new ByteArrayContent(image) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("image/jpeg");
        request.Headers.Accept.ParseAdd("application/octet-stream");
        return request;
    }

    private HttpRequestMessage Sample(float[] sample, string id)
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(sample.AsSpan());
        byte[] json = Encoding.UTF8.GetBytes(
            $$$"""{"id":"{{{id}}}","parameters":{"binary_data_output":true},"inputs":[{"name":"{{{_input}}}","datatype":"FP32","shape":[1,{{{_shape}}}],"parameters":{"binary_data_size":{{{bytes.Length.ToString(CultureInfo.InvariantCulture)}}}}}]}""");
        byte[] body = new byte[json.Length + bytes.Length];
        json.CopyTo(body, 0);
        bytes.CopyTo(body.AsSpan(json.Length));
        HttpRequestMessage request = new(HttpMethod.Post, $"v2/models/{_model}/infer") { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        request.Content.Headers.Add(LengthHeader, json.Length.ToString(CultureInfo.InvariantCulture));
        return request;
    }
}
