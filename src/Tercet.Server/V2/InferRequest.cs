using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Tercet.Extensions;
using Tercet.Server.Endpoints;
using Tercet.Server.Http;

namespace Tercet.Server.V2;

/// <summary>An inference request of the Open Inference Protocol v2 with its binary tensor extension: one FP32 input, all of whose samples are embedded.</summary>
/// <param name="Id">What the client calls the request; null where it does not.</param>
/// <param name="Samples">The samples, <c>[count, InputLength]</c>.</param>
/// <param name="Count">Their number.</param>
/// <param name="IsBinary">Whether the output is to follow the JSON as bytes.</param>
internal sealed record InferRequest(string? Id, float[] Samples, int Count, bool IsBinary)
{
    /// <summary>The header with the length of the JSON where tensors follow it.</summary>
    public const string LengthHeader = "Inference-Header-Content-Length";

    private const string DataType = "FP32";

    /// <exception cref="HttpFault">The request is not one for this model.</exception>
    /// <exception cref="JsonException">The body holds no JSON.</exception>
    public static InferRequest Parse(ReadOnlyMemory<byte> body, HttpRequest request, ITercetEmbedder embedder, int mostSamples)
    {
        int json = JsonLength(request, body.Length);
        using JsonDocument document = JsonDocument.Parse(body[..json]);
        ReadOnlySpan<byte> binary = body.Span[json..];
        try
        {
            JsonElement root = document.RootElement;
            JsonElement input = root.TryGetProperty("inputs", out JsonElement inputs) && inputs.ValueKind == JsonValueKind.Array && inputs.GetArrayLength() == 1
                ? inputs[0]
                : throw HttpFault.BadRequest($"'inputs' must be an array of one tensor, {embedder.Model.Input.Name}.");
            RequireText(input, "name", embedder.Model.Input.Name);
            RequireText(input, "datatype", DataType);
            int count = SampleCount(input, embedder, mostSamples);
            float[] samples = new float[count * embedder.InputLength];
            if (Parameter(input, "binary_data_size") is { } size)
                Copy(binary, size.GetInt64(), samples);
            else if (binary.Length > 0)
                throw HttpFault.BadRequest("Bytes follow the JSON, but the input has no binary_data_size.");
            else
                Flatten(input, samples);
            string? id = root.TryGetProperty("id", out JsonElement given) ? given.GetString() : null;
            return new InferRequest(id, samples, count, WantsBinary(root, embedder.Model.Output.Name));
        }
        catch (Exception failure) when (failure is InvalidOperationException or FormatException or OverflowException)
        {
            throw HttpFault.BadRequest($"A field of the request has another type than the protocol says: {failure.Message}", failure);
        }
    }

    private static int JsonLength(HttpRequest request, int bodyLength)
    {
        string header = request.Headers[LengthHeader].ToString();
        if (header.Length == 0)
            return bodyLength;
        return int.TryParse(header, NumberStyles.None, CultureInfo.InvariantCulture, out int length) && length <= bodyLength
            ? length
            : throw HttpFault.BadRequest($"{LengthHeader} is '{header}'; the body has {bodyLength} bytes.");
    }

    private static void RequireText(JsonElement tensor, string field, string expected)
    {
        string? text = tensor.TryGetProperty(field, out JsonElement given) ? given.GetString() : null;
        if (text != expected)
            throw HttpFault.BadRequest($"The tensor's {field} is {(text is null ? "missing" : $"'{text}'")}; it must be '{expected}'.");
    }

    private static int SampleCount(JsonElement input, ITercetEmbedder embedder, int most)
    {
        long[] shape = input.TryGetProperty("shape", out JsonElement given) ? [.. given.EnumerateArray().Select(size => size.GetInt64())] : [];
        bool fits = shape.Length == embedder.Model.SampleShape.Length + 1;
        for (int axis = 1; axis < shape.Length && fits; axis++)
            fits = shape[axis] == embedder.Model.SampleShape[axis - 1];
        if (!fits)
            throw HttpFault.BadRequest($"The shape is [{string.Join(", ", shape)}]; the model takes [n, {string.Join(", ", embedder.Model.SampleShape)}].");
        ImageBatch.RequireCount(shape[0], most);
        return (int)shape[0];
    }

    private static JsonElement? Parameter(JsonElement owner, string name) =>
        owner.TryGetProperty("parameters", out JsonElement parameters) && parameters.TryGetProperty(name, out JsonElement value) ? value : null;

    private static void Copy(ReadOnlySpan<byte> binary, long size, float[] samples)
    {
        long expected = (long)samples.Length * sizeof(float);
        if (size != expected || binary.Length != expected)
            throw HttpFault.BadRequest($"The shape needs {expected} bytes; binary_data_size is {size} and {binary.Length} bytes follow the JSON.");
        binary.CopyTo(MemoryMarshal.AsBytes(samples.AsSpan()));
    }

    // As one list or nested like the shape, which the protocol leaves to the client.
    private static void Flatten(JsonElement input, float[] samples)
    {
        if (!input.TryGetProperty("data", out JsonElement data))
            throw HttpFault.BadRequest("The tensor has no data.");
        int length = 0;
        Append(data, samples, ref length);
        if (length != samples.Length)
            throw HttpFault.BadRequest($"The shape needs {samples.Length} numbers; data has {length}.");
    }

    private static void Append(JsonElement element, float[] samples, ref int length)
    {
        if (element.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement item in element.EnumerateArray())
                Append(item, samples, ref length);
            return;
        }

        if (length == samples.Length)
            throw HttpFault.BadRequest($"The shape needs {samples.Length} numbers; data has more.");
        float value = element.GetSingle();
        samples[length++] = float.IsFinite(value) ? value : throw HttpFault.BadRequest($"Number {length} of data does not fit float32.");
    }

    private static bool WantsBinary(JsonElement root, string output)
    {
        bool isBinary = Parameter(root, "binary_data_output")?.GetBoolean() ?? false;
        if (!root.TryGetProperty("outputs", out JsonElement outputs))
            return isBinary;
        foreach (JsonElement wanted in outputs.EnumerateArray())
        {
            RequireText(wanted, "name", output);
            isBinary = Parameter(wanted, "binary_data")?.GetBoolean() ?? isBinary;
        }

        return isBinary;
    }
}
