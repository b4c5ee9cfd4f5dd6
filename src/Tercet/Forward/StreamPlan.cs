using System.Numerics;

namespace Tercet.Forward;

/// <summary>How a batch is divided into slices, and how many of them run at the same time.</summary>
/// <param name="Streams">Slices at the same time.</param>
/// <param name="LongestSlice">Samples of the longest slice, a power of two.</param>
internal readonly record struct StreamPlan(int Streams, int LongestSlice)
{
    // Images to a thread of its own: longer slices leave its cache, shorter ones gain nothing (measured with SFace, notes-gallery.md).
    private const int LongestOfImages = 4;

    /// <summary>Threads within one operator; 0 leaves them to ONNX Runtime.</summary>
    public static int ThreadsOf(EmbedderOptions options, DeviceChoice device) => device == DeviceChoice.Cpu && options.Streams != 1 && options.Threads == 0 ? 1 : options.Threads;

    // For images the slices, on which the last bits of an embedding depend, are the same for any number of threads.
    public static StreamPlan Of(EmbedderOptions options, ModelInfo info)
    {
        int streams = info.Device != DeviceChoice.Cpu ? 1 : options.Streams == 0 ? Environment.ProcessorCount : options.Streams;
        if (info.BatchMode == BatchMode.OneByOne)
            return new StreamPlan(streams, 1);
        bool isImage = info.SampleShape.Length == 3;
        bool hasThread = info.Device == DeviceChoice.Cpu && ThreadsOf(options, info.Device) == 1;
        int longest = isImage && hasThread ? Math.Min(LongestOfImages, options.MaxBatch) : Math.Max(1, options.MaxBatch / streams);
        return new StreamPlan(streams, 1 << BitOperations.Log2((uint)longest));
    }
}
