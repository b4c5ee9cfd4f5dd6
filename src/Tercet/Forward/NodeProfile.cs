using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.ML.OnnxRuntime;

namespace Tercet.Forward;

/// <summary>
/// Reads which provider ran which node from ONNX Runtime's own profile of a session's first runs: the one public record of it in the C#
/// interface. The recording ends before the embedder is handed out, so later runs pay nothing.
/// </summary>
internal sealed class NodeProfile : IDisposable
{
    private const string KernelSuffix = "_kernel_time";

    private NodeProfile(string? folder) => Folder = folder;

    /// <summary>Where the profile is written; null where there is no writable temporary folder.</summary>
    public string? Folder { get; }

    public static NodeProfile Start()
    {
        try
        {
            return new NodeProfile(Directory.CreateTempSubdirectory("tercet-").FullName);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return new NodeProfile(null);
        }
    }

    /// <summary>Ends the recording and reads it.</summary>
    public NodePlacement Finish(InferenceSession session, ExecutionTarget target)
    {
        if (Folder is null)
            return Unknown();
        try
        {
            using FileStream profile = File.OpenRead(session.EndProfiling());
            using JsonDocument events = JsonDocument.Parse(profile);
            return Read(events.RootElement, target);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException or JsonException or InvalidOperationException or OnnxRuntimeException)
        {
            // ONNX Runtime writes node names as they are: one that is not UTF-8 or holds a quote makes a file that is not JSON.
            return Unknown();
        }
    }

    public void Dispose()
    {
        if (Folder is null)
            return;
        try
        {
            Directory.Delete(Folder, recursive: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // A few kilobytes left in the temporary folder are no reason to refuse a model that is loaded.
        }
    }

    private static NodePlacement Unknown() => new(false, ImmutableSortedDictionary<string, int>.Empty, []);

    private static NodePlacement Read(JsonElement events, ExecutionTarget target)
    {
        SortedDictionary<string, SortedSet<string>> nodes = new(StringComparer.Ordinal);
        foreach (JsonElement entry in events.EnumerateArray())
        {
            if (!entry.TryGetProperty("name", out JsonElement name) || name.GetString() is not { } text || !text.EndsWith(KernelSuffix, StringComparison.Ordinal)
                || !entry.TryGetProperty("args", out JsonElement arguments) || !arguments.TryGetProperty("provider", out JsonElement provider))
                continue;
            string operation = arguments.TryGetProperty("op_name", out JsonElement type) ? type.GetString() ?? "" : "";
            string key = provider.GetString() ?? "";
            if (!nodes.TryGetValue(key, out SortedSet<string>? ofProvider))
                nodes[key] = ofProvider = new SortedSet<string>(StringComparer.Ordinal);
            ofProvider.Add($"{text[..^KernelSuffix.Length]} ({operation})");
        }

        ImmutableArray<string> fallbacks = target.Device != DeviceChoice.Cpu && nodes.TryGetValue(ExecutionTarget.CpuProvider, out SortedSet<string>? onCpu) ? [.. onCpu] : [];
        return new NodePlacement(true, nodes.ToImmutableSortedDictionary(static pair => pair.Key, static pair => pair.Value.Count, StringComparer.Ordinal), fallbacks);
    }
}
