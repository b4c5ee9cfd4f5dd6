using System.Globalization;
using System.Text;
using Tercet.Tests.Forward;

namespace Tercet.Server.Tests;

/// <summary>Requests that were right once, with bytes changed, cut, doubled or moved. <c>TERCET_FUZZ_REQUESTS</c> says how many; a seed each, so that one can be made again.</summary>
public sealed class FuzzTests
{
    private const int Requests = 1500;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Post_BrokenRequests_NeverBringTheServerDown()
    {
        int count = int.TryParse(Environment.GetEnvironmentVariable("TERCET_FUZZ_REQUESTS"), CultureInfo.InvariantCulture, out int asked) ? asked : Requests;
        await using TestServer server = await TestServer.Start((_, options) => (options.MaxRequestBytes, options.RequestTimeout) = (1 << 20, TimeSpan.FromSeconds(10)), hasGallery: true);
        (string Path, string Type, byte[] Body, int? Json)[] seeds = Seeds();
        Dictionary<int, int> statuses = [];
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = Token }, async (seed, token) =>
        {
            Random random = new(seed);
            (string path, string type, byte[] body, int? json) = seeds[seed % seeds.Length];
            body = Break(body, random);
            using ByteArrayContent content = new(body);
            if (!content.Headers.TryAddWithoutValidation("Content-Type", random.Next(20) == 0 ? seeds[random.Next(seeds.Length)].Type : type))
                return;
            if (json is { } length)
                content.Headers.Add("Inference-Header-Content-Length", (random.Next(8) == 0 ? random.Next(-10, body.Length + 10) : length).ToString(CultureInfo.InvariantCulture));
            using HttpResponseMessage answer = await server.Client.PostAsync(path, content, token);
            int status = (int)answer.StatusCode;
            lock (statuses)
                statuses[status] = statuses.GetValueOrDefault(status) + 1;
            Assert.True(status is < 500 or 503, $"request {seed} to {path}: {status} {await answer.Content.ReadAsStringAsync(token)}");
        });
        Assert.Equal(count, statuses.Values.Sum());
        Assert.Contains(statuses.Keys, status => status >= 400);
        TestContext.Current.TestOutputHelper?.WriteLine(string.Join(", ", statuses.OrderBy(each => each.Key).Select(each => $"{each.Key}: {each.Value}")));
        float[] sample = TinyModels.Random(1, TinyModels.Features);
        float[] expected = new float[TinyModels.Dimension];
        server.Embedder.Embed(sample, expected, cancellationToken: Token);
        Assert.Equal(expected, await new V2Client(server.Client, TestServer.ModelName).InferBinary(sample, [1, 3, 4, 4], Token));
    }

    private static (string Path, string Type, byte[] Body, int? Json)[] Seeds()
    {
        string image = Convert.ToBase64String(TestServer.Image(1));
        string numbers = string.Join(',', TinyModels.Random(2, TinyModels.Features).Select(value => value.ToString(CultureInfo.InvariantCulture)));
        byte[] header = """{"inputs":[{"name":"image","datatype":"FP32","shape":[1,3,4,4],"parameters":{"binary_data_size":192}}],"outputs":[{"name":"e","parameters":{"binary_data":true}}]}"""u8.ToArray();
        byte[] form = [.. Encoding.ASCII.GetBytes("--b\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n"), .. TestServer.Image(3), .. "\r\n--b\r\nContent-Disposition: form-data; name=\"k\"\r\n\r\n3\r\n--b--\r\n"u8];
        byte[] pair = [.. Encoding.ASCII.GetBytes("--b\r\nContent-Disposition: form-data; name=\"a\"; filename=\"a.png\"\r\n\r\n"), .. TestServer.Image(3), .. "\r\n--b\r\nContent-Disposition: form-data; name=\"b\"; filename=\"b.png\"\r\n\r\n"u8, .. TestServer.Image(4), .. "\r\n--b--\r\n"u8];
        return
        [
            ("/embed", "image/png", TestServer.Image(1), null),
            ("/embed", "application/json", Encoding.UTF8.GetBytes($"{{\"images\":[\"{image}\"],\"normalize\":true}}"), null),
            ("/embed", "multipart/form-data; boundary=b", form, null),
            ("/search", "multipart/form-data; boundary=b", form, null),
            ("/search", "application/json", Encoding.UTF8.GetBytes("{\"embedding\":[0.1,0.2,0.3,0.4,0.5],\"k\":5,\"label\":\"person 1\",\"threshold\":1.5}"), null),
            ("/verify", "multipart/form-data; boundary=b", pair, null),
            ("/verify", "application/json", Encoding.UTF8.GetBytes($"{{\"a\":\"{image}\",\"label\":\"person 1\"}}"), null),
            ("/mine", "application/json", Encoding.UTF8.GetBytes("{\"embeddings\":[[0,1],[1,0],[0.5,1],[1,1],[2,1]],\"labels\":[1,1,2,2,3],\"rule\":\"semi-hard\",\"margin\":0.3,\"fallback\":\"skip\",\"normalize\":true,\"seed\":7}"), null),
            ("/v2/models/tiny/infer", "application/json", Encoding.UTF8.GetBytes($"{{\"id\":\"1\",\"inputs\":[{{\"name\":\"image\",\"datatype\":\"FP32\",\"shape\":[1,3,4,4],\"data\":[{numbers}]}}]}}"), null),
            ("/v2/models/tiny/infer", "application/octet-stream", [.. header, .. new byte[192]], header.Length),
        ];
    }

    private static byte[] Break(byte[] body, Random random)
    {
        List<byte> bytes = [.. body];
        for (int round = random.Next(4); round >= 0 && bytes.Count > 0; round--)
        {
            int at = random.Next(bytes.Count);
            int length = Math.Min(random.Next(1, 40), bytes.Count - at);
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                case 2:
                    bytes.RemoveRange(at, length);
                    break;
                case 3:
                    bytes.InsertRange(at, bytes.GetRange(random.Next(bytes.Count - length + 1), length));
                    break;
                case 4:
                    bytes.InsertRange(at, Encoding.ASCII.GetBytes(Odd[random.Next(Odd.Length)]));
                    break;
                default:
                    bytes[at] = (byte)random.Next(256);
                    break;
            }
        }

        return [.. bytes];
    }

    private static readonly string[] Odd = ["null", "-1", "1e999", "[[[[[[[[", "{\"a\":", "99999999999999999999", "\"", "\0", "\\ud800", "true", "NaN", "--b", "\r\n\r\n", "[]", "{}"];
}
