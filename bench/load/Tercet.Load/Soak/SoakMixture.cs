using System.Globalization;
using System.Net.Http.Headers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Tercet.Load.Soak;

/// <summary>Requests of every kind that the server knows, and some that it must refuse.</summary>
internal static class SoakMixture
{
    public static IReadOnlyList<SoakRequest> Make(string model, JsonElement metadata, byte[][] images, string key)
    {
        JsonElement tensor = metadata.GetProperty("inputs")[0];
        string name = tensor.GetProperty("name").GetString()!;
        int[] shape = [.. tensor.GetProperty("shape").EnumerateArray().Skip(1).Select(size => size.GetInt32())];
        int dimension = metadata.GetProperty("outputs")[0].GetProperty("shape")[1].GetInt32();
        float[] sample = [.. Enumerable.Range(0, shape.Aggregate(1, (product, size) => product * size)).Select(i => (float)(i % 256))];
        string start = $$"""{"inputs":[{"name":"{{name}}","datatype":"FP32","shape":[1,{{string.Join(',', shape)}}],""";
        byte[] infer = Encoding.UTF8.GetBytes($$"""{{start}}"data":[{{string.Join(',', sample)}}]}]}""");
        byte[] header = Encoding.UTF8.GetBytes($$$"""{{{start}}}"parameters":{"binary_data_size":{{{sample.Length * sizeof(float)}}}}}],"parameters":{"binary_data_output":true}}""");
        byte[] binary = [.. header, .. MemoryMarshal.AsBytes(sample.AsSpan())];
        byte[] base64 = Encoding.UTF8.GetBytes($$"""{"images":["{{Convert.ToBase64String(images[1])}}","{{Convert.ToBase64String(images[2])}}"],"normalize":true}""");
        byte[] query = Encoding.UTF8.GetBytes($$"""{"embedding":[{{string.Join(',', Enumerable.Range(0, dimension).Select(i => i % 7))}}],"k":5}""");
        byte[] mine = Encoding.UTF8.GetBytes($$"""{"embeddings":[{{string.Join(',', Enumerable.Range(0, 64).Select(row => $"[{string.Join(',', Enumerable.Range(0, 16).Select(i => (row * 31) + (i * 17) % 23))}]"))}}],"labels":[{{string.Join(',', Enumerable.Range(0, 64).Select(row => row % 8))}}],"rule":"semi-hard"}""");
        string path = $"v2/models/{model}/infer";

        HttpRequestMessage Post(string where, byte[] body, string type, string? withKey = null)
        {
            HttpRequestMessage request = new(HttpMethod.Post, where) { Content = new ByteArrayContent(body) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(type);
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", withKey ?? key);
            return request;
        }

        HttpRequestMessage Get(string where) => new(HttpMethod.Get, where) { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", key) } };

        HttpRequestMessage Binary()
        {
            HttpRequestMessage request = Post(path, binary, "application/octet-stream");
            request.Content!.Headers.Add("Inference-Header-Content-Length", header.Length.ToString(CultureInfo.InvariantCulture));
            return request;
        }

        HttpRequestMessage Form(string where, params string[] names)
        {
            MultipartFormDataContent form = [];
            for (int i = 0; i < names.Length; i++)
                form.Add(new ByteArrayContent(images[i]), names[i], $"{names[i]}.jpg");
            return new HttpRequestMessage(HttpMethod.Post, where) { Content = form, Headers = { Authorization = new AuthenticationHeaderValue("Bearer", key) } };
        }

        return
        [
            new("infer, binary", Binary, 200),
            new("embed, one image", () => Post("embed", images[0], "image/jpeg"), 200),
            new("infer, JSON", () => Post(path, infer, "application/json"), 200),
            new("embed, a form", () => Form("embed", "one", "other"), 200),
            new("search, an image", () => Form("search", "image"), 200),
            new("embed, base64", () => Post("embed", base64, "application/json"), 200),
            new("search, an embedding", () => Post("search", query, "application/json"), 200),
            new("verify", () => Form("verify", "a", "b"), 200),
            new("mine", () => Post("mine", mine, "application/json"), 200),
            new("metrics", () => Get("metrics"), 200),
            new("ready", () => Get("readyz"), 200),
            new("page", () => Get(""), 200),
            new("truncated image", () => Post("embed", images[3][..(images[3].Length / 3)], "image/jpeg"), 400),
            new("broken JSON", () => Post(path, infer[..200], "application/json"), 400),
            new("no image", () => Post("embed", infer, "image/png"), 415),
            new("wrong key", () => Post("embed", images[0], "image/jpeg", "tercet_wrong"), 401),
            new("client goes away", () => Form("embed", "one", "other"), 200, GivesUpAfter: TimeSpan.FromMilliseconds(1)),
            new("new connection", Binary, 200, IsOnNewConnection: true),
        ];
    }
}
