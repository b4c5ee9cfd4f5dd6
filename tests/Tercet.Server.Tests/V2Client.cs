using System.Buffers.Binary;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace Tercet.Server.Tests;

/// <summary>A client of the Open Inference Protocol v2, written from its description and from nothing of the server's.</summary>
internal sealed class V2Client(HttpClient http, string model)
{
    /// <summary>Sends samples as JSON numbers, gets embeddings as JSON numbers.</summary>
    public async Task<float[]> InferJson(float[] samples, int[] shape, CancellationToken cancellationToken)
    {
        JsonObject request = new()
        {
            ["id"] = "42",
            ["inputs"] = new JsonArray(new JsonObject { ["name"] = "image", ["shape"] = Array(shape), ["datatype"] = "FP32", ["data"] = new JsonArray([.. samples.Select(value => JsonValue.Create(value))]) }),
            ["outputs"] = new JsonArray(new JsonObject { ["name"] = "e" }),
        };
        using HttpResponseMessage answer = await http.PostAsync($"v2/models/{model}/infer", new StringContent(request.ToJsonString(), Encoding.UTF8, "application/json"), cancellationToken);
        answer.EnsureSuccessStatusCode();
        JsonNode body = JsonNode.Parse(await answer.Content.ReadAsByteArrayAsync(cancellationToken))!;
        Assert.Equal((model, "1", "42"), ((string)body["model_name"]!, (string)body["model_version"]!, (string)body["id"]!));
        JsonNode output = Assert.Single(body["outputs"]!.AsArray())!;
        Assert.Equal(("e", "FP32"), ((string)output["name"]!, (string)output["datatype"]!));
        return [.. output["data"]!.AsArray().Select(value => (float)value!)];
    }

    /// <summary>Sends and gets them as bytes behind the JSON.</summary>
    public async Task<float[]> InferBinary(float[] samples, int[] shape, CancellationToken cancellationToken)
    {
        int size = samples.Length * sizeof(float);
        JsonObject request = new()
        {
            ["inputs"] = new JsonArray(new JsonObject { ["name"] = "image", ["shape"] = Array(shape), ["datatype"] = "FP32", ["parameters"] = new JsonObject { ["binary_data_size"] = size } }),
            ["outputs"] = new JsonArray(new JsonObject { ["name"] = "e", ["parameters"] = new JsonObject { ["binary_data"] = true } }),
        };
        byte[] json = Encoding.UTF8.GetBytes(request.ToJsonString());
        byte[] content = new byte[json.Length + size];
        json.CopyTo(content, 0);
        for (int i = 0; i < samples.Length; i++)
            BinaryPrimitives.WriteSingleLittleEndian(content.AsSpan(json.Length + (i * sizeof(float))), samples[i]);
        using ByteArrayContent body = new(content);
        body.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        body.Headers.Add("Inference-Header-Content-Length", json.Length.ToString(CultureInfo.InvariantCulture));
        using HttpResponseMessage answer = await http.PostAsync($"v2/models/{model}/versions/1/infer", body, cancellationToken);
        answer.EnsureSuccessStatusCode();
        byte[] bytes = await answer.Content.ReadAsByteArrayAsync(cancellationToken);
        int header = int.Parse(answer.Headers.GetValues("Inference-Header-Content-Length").Single(), CultureInfo.InvariantCulture);
        JsonNode output = Assert.Single(JsonNode.Parse(bytes.AsSpan(0, header))!["outputs"]!.AsArray())!;
        Assert.Equal(bytes.Length - header, (int)output["parameters"]!["binary_data_size"]!);
        float[] result = new float[(bytes.Length - header) / sizeof(float)];
        for (int i = 0; i < result.Length; i++)
            result[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(header + (i * sizeof(float))));
        return result;
    }

    private static JsonArray Array(int[] values) => new([.. values.Select(value => JsonValue.Create(value))]);
}
