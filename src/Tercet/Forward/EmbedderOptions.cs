using Tercet.Imaging;
using Tercet.Memory;

namespace Tercet.Forward;

/// <summary>How <see cref="OnnxEmbedder.Load"/> opens a model. The defaults suit a server: CPU or GPU as found, no spinning threads, warmed up.</summary>
public sealed record EmbedderOptions
{
    /// <summary>The environment variable that names a CUDA plug-in provider library where <see cref="CudaProviderLibrary"/> is null.</summary>
    public const string CudaProviderVariable = "TERCET_CUDA_PROVIDER";

    /// <summary>What suits many images rather than one soon: a stream for each processor, and a batch of 32, or of 4 for each processor where that is more, up to 128.</summary>
    public static EmbedderOptions ForManyImages { get; } = new() { Streams = 0, MaxBatch = Math.Clamp(4 * Environment.ProcessorCount, 32, 128) };

    /// <summary>Where the forward pass runs.</summary>
    public DeviceChoice Device { get; init; } = DeviceChoice.Auto;

    /// <summary>Path of an ONNX Runtime plug-in provider library for CUDA; null means the one named by <see cref="CudaProviderVariable"/>, else the built-in provider.</summary>
    public string? CudaProviderLibrary { get; init; }

    /// <summary>
    /// Threads within one operator; 0 means one for each physical core, or a single one where <see cref="Streams"/> is not 1. Where it is one, images go through the model four at a
    /// time, whatever the batch: more leave the processor's cache.
    /// </summary>
    public int Threads { get; init; }

    /// <summary>
    /// Slices of one batch that run at the same time on the CPU; 0 means one for each processor. The default, 1, gives a single sample all threads and the shortest time; many
    /// images are through soonest with 0, where each processor has four of its own at a time and none waits for another within an operator (vectors: an equal share of <see cref="MaxBatch"/>).
    /// A <see cref="MaxBatch"/> of four for each stream, or more, keeps all of them busy. Of no effect on another device than the CPU.
    /// </summary>
    public int Streams { get; init; } = 1;

    /// <summary>Whether idle worker threads spin. It shortens back-to-back runs a little and burns a core for each thread.</summary>
    public bool AllowSpinning { get; init; }

    /// <summary>How far ONNX Runtime may rewrite the graph.</summary>
    public GraphOptimization Optimization { get; init; } = GraphOptimization.All;

    /// <summary>Most samples of one <see cref="OnnxEmbedder.Run(int)"/>, and the number of rows of the pinned input, 1 to 4,096.</summary>
    public int MaxBatch { get; init; } = 32;

    /// <summary>What the model expects of an image; null means the sidecar file <c>MODEL.onnx.json</c> if there is one, else the preset that the
    /// model's metadata name under <c>tercet.preset</c>, else nothing.</summary>
    public Preprocessing? Preprocessing { get; init; }

    /// <summary>How tokens become one embedding.</summary>
    public TokenPooling Pooling { get; init; } = TokenPooling.None;

    /// <summary>Whether <see cref="OnnxEmbedder.Load"/> runs every length of a slice once, so that the first real call is as fast as the rest.
    /// It takes as long as embedding twice <see cref="MaxBatch"/> samples: a program that embeds a few and ends is better off without.</summary>
    public bool WarmUp { get; init; } = true;

    /// <summary>
    /// The memory of a device that a miner works on. Buffers are then page-locked, and where ONNX Runtime's CUDA provider runs the model the output stays on the device as well
    /// (<see cref="OnnxEmbedder.Run(int, out DeviceMatrix)"/>). To be disposed after the embedder.
    /// </summary>
    public IDeviceMemory? DeviceMemory { get; init; }

    /// <summary>Where the pinned input and output come from; null means <see cref="DeviceMemory"/>'s page-locked memory where that is given, else <see cref="AlignedAllocator"/>.</summary>
    public IBufferAllocator? Allocator { get; init; }

    /// <summary>The input to fill; null means the only one.</summary>
    public string? InputName { get; init; }

    /// <summary>The output to read; null means the only one.</summary>
    public string? OutputName { get; init; }
}
