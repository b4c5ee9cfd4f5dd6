using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Tercet.Extensions;
using Tercet.Forward;
using Tercet.Server.Endpoints;
using Tercet.Server.Http;
using Tercet.Server.Options;
using Tercet.Server.Security;

namespace Tercet.Server.V2;

/// <summary>The REST endpoints of the Open Inference Protocol v2 (KServe, Triton) for the one model of this server, version 1.</summary>
internal sealed class V2Endpoints(ITercetEmbedder embedder, HealthEndpoint health, RequestBody body, ServerOptions options)
{
    private const string Version = "1";
    private const string ServerName = "tercet";

    public Task Ready(HttpContext context) => health.Ready(context);

    public Task ModelReady(HttpContext context)
    {
        RequireModel(context);
        return health.Ready(context);
    }

    public static Task Server(HttpContext context) => Write(context, writer =>
    {
        writer.WriteString("name", ServerName);
        writer.WriteString("version", typeof(V2Endpoints).Assembly.GetName().Version?.ToString(3));
        writer.WriteStartArray("extensions");
        writer.WriteStringValue("binary_tensor_data");
        writer.WriteEndArray();
    });

    public Task Metadata(HttpContext context)
    {
        RequireModel(context);
        return Write(context, writer =>
        {
            writer.WriteString("name", embedder.ModelName);
            writer.WriteStartArray("versions");
            writer.WriteStringValue(Version);
            writer.WriteEndArray();
            writer.WriteString("platform", "onnxruntime_onnx");
            WriteTensors(writer, "inputs", embedder.Model.Input, [.. embedder.Model.SampleShape]);
            WriteTensors(writer, "outputs", embedder.Model.Output, [embedder.Dimension]);
        });
    }

    public async Task Infer(HttpContext context)
    {
        RequireModel(context);
        InferRequest request = InferRequest.Parse(await body.ReadAsync(context), context.Request, embedder, options.MaxImages);
        float[] rows = await ImageBatch.EmbedSamples(embedder, request.Samples, Caller.Of(context), context.RequestAborted);
        ArrayBufferWriter<byte> json = new();
        Compose(json, request, rows);
        if (!request.IsBinary)
        {
            await Answers.Bytes(context, "application/json", json.WrittenMemory);
            return;
        }

        context.Response.Headers[InferRequest.LengthHeader] = json.WrittenCount.ToString(CultureInfo.InvariantCulture);
        json.Write(MemoryMarshal.AsBytes(rows.AsSpan()));
        await Answers.Bytes(context, "application/octet-stream", json.WrittenMemory);
    }

    private void Compose(ArrayBufferWriter<byte> json, InferRequest request, float[] rows)
    {
        using Utf8JsonWriter writer = new(json);
        writer.WriteStartObject();
        writer.WriteString("model_name", embedder.ModelName);
        writer.WriteString("model_version", Version);
        if (request.Id is not null)
            writer.WriteString("id", request.Id);
        writer.WriteStartArray("outputs");
        writer.WriteStartObject();
        writer.WriteString("name", embedder.Model.Output.Name);
        writer.WriteString("datatype", "FP32");
        writer.WriteStartArray("shape");
        writer.WriteNumberValue(request.Count);
        writer.WriteNumberValue(embedder.Dimension);
        writer.WriteEndArray();
        if (request.IsBinary)
        {
            writer.WriteStartObject("parameters");
            writer.WriteNumber("binary_data_size", (long)rows.Length * sizeof(float));
            writer.WriteEndObject();
        }
        else
        {
            writer.WriteStartArray("data");
            foreach (float value in rows)
            {
                if (!float.IsFinite(value))
                    throw new HttpFault(422, "The embedding holds NaN or infinity, which JSON cannot say; ask for binary output.");
                writer.WriteNumberValue(value);
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private void RequireModel(HttpContext context)
    {
        if (context.Request.RouteValues["model"] as string != embedder.ModelName)
            throw new HttpFault(404, $"There is no model '{context.Request.RouteValues["model"]}'; there is {embedder.ModelName}.");
        if (context.Request.RouteValues["version"] is string version && version != Version)
            throw new HttpFault(404, $"There is no version '{version}' of {embedder.ModelName}; there is {Version}.");
    }

    private static void WriteTensors(Utf8JsonWriter writer, string field, TensorDescription tensor, ReadOnlySpan<int> shape)
    {
        writer.WriteStartArray(field);
        writer.WriteStartObject();
        writer.WriteString("name", tensor.Name);
        writer.WriteString("datatype", "FP32");
        writer.WriteStartArray("shape");
        writer.WriteNumberValue(-1);
        foreach (int size in shape)
            writer.WriteNumberValue(size);
        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.WriteEndArray();
    }

    private static Task Write(HttpContext context, Action<Utf8JsonWriter> write)
    {
        ArrayBufferWriter<byte> json = new();
        using (Utf8JsonWriter writer = new(json))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }

        return Answers.Bytes(context, "application/json", json.WrittenMemory);
    }
}
