using Tercet.Forward;
using Tercet.Memory;

namespace Tercet.Extensions;

/// <summary>One model in a service, as <c>AddTercet</c> takes it from code or from configuration.</summary>
public sealed class TercetOptions
{
    private IDeviceMemory? _deviceMemory;

    /// <summary>The ONNX file. Required.</summary>
    public string ModelPath { get; set; } = "";

    /// <summary>What the model is called in telemetry and in answers; empty means the file's name without its extension.</summary>
    public string ModelName { get; set; } = "";

    /// <summary>Where the forward pass runs. Default <see cref="DeviceChoice.Auto"/>.</summary>
    public DeviceChoice Device { get; set; } = DeviceChoice.Auto;

    /// <summary>What the model expects of an image: the preset <c>sface</c> or a <c>.json</c> file; empty means what lies beside the model or is said by the model itself.</summary>
    public string Preprocessing { get; set; } = "";

    /// <summary>What part of an image to take, <c>resize</c>, <c>center-crop</c> or <c>dlib-chip</c>; empty means what <see cref="Preprocessing"/> says. Needs <see cref="Preprocessing"/>.</summary>
    public string Alignment { get; set; } = "";

    /// <summary>How tokens become one embedding, for a model that gives tokens. Default <see cref="TokenPooling.None"/>.</summary>
    public TokenPooling Pooling { get; set; } = TokenPooling.None;

    /// <summary>Batches that may run at the same time, each with pinned buffers and a thread of its own; 0 means one for each processor on the CPU and two on a GPU (one fills while the other runs). Default 0.</summary>
    public int Workers { get; set; }

    /// <summary>Threads within one batch; 0 means the processors divided among the workers. Default 0.</summary>
    public int Threads { get; set; }

    /// <summary>Most requests of one batch, 1 to 4,096. Default 32.</summary>
    public int MaxBatch { get; set; } = 32;

    /// <summary>Requests of one batch; 0 means what is measured to be best when the model is loaded, up to <see cref="MaxBatch"/>. Where one at a time is as fast, it is 1. Default 0.</summary>
    public int BatchSize { get; set; }

    /// <summary>
    /// How long the first request of a batch waits for company. Default 0: a batch begins as soon as a worker is free, and is made of what came while all were busy, so that batches grow with the load
    /// and nobody waits where there is none.
    /// </summary>
    public TimeSpan MaxBatchWait { get; set; } = TimeSpan.Zero;

    /// <summary>Most requests that wait for a place in a batch. One more is refused at once. Default 256.</summary>
    public int QueueCapacity { get; set; } = 256;

    /// <summary>Longest time that a request may wait for a place in a batch. One that could not keep it is refused when it arrives, by what requests have taken so far; one that did not keep it is refused instead of run. Default 250 ms.</summary>
    public TimeSpan Deadline { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How long a stopping service goes on answering what it has accepted. Default 10 s.</summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Largest image file in bytes. Default 16 MiB.</summary>
    public long MaxImageBytes { get; set; } = 16L << 20;

    /// <summary>Most pixels of an image, as its header says, before memory is taken for them. Default 25 million.</summary>
    public long MaxImagePixels { get; set; } = 25_000_000;

    /// <summary>Takes buffers from a device's page-locked memory; see <see cref="EmbedderOptions.DeviceMemory"/>.</summary>
    /// <param name="memory">The memory, to be disposed after the service.</param>
    public void UseDeviceMemory(IDeviceMemory memory) => _deviceMemory = memory;

    /// <summary>Where page-locked buffers come from. No property: configuration cannot name it.</summary>
    internal IDeviceMemory? GetDeviceMemory() => _deviceMemory;
}
