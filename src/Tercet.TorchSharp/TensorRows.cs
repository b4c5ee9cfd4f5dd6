using System.Runtime.InteropServices;
using CommunityToolkit.HighPerformance;
using static TorchSharp.torch;

namespace Tercet.TorchSharp;

/// <summary>
/// A tensor's memory as the engine's views. A contiguous float32 matrix (int64 vector) on the CPU is looked at where it lies; anything else is copied by
/// torch first. The views end with this object.
/// </summary>
internal sealed class TensorRows : IDisposable
{
    private readonly Tensor _rows;
    private readonly Tensor _labels;

    public TensorRows(Tensor embeddings, Tensor labels)
    {
        CheckEmbeddings(embeddings);
        ArgumentNullException.ThrowIfNull(labels);
        if (labels.dim() != 1 || labels.shape[0] != embeddings.shape[0] || !labels.is_integral())
            throw new ArgumentException($"The labels are {Describe(labels)}; {embeddings.shape[0]} whole numbers, [N], are needed.", nameof(labels));
        using IDisposable scope = NewDisposeScope();
        _rows = Dense(embeddings);
        _labels = labels.detach().to(ScalarType.Int64).cpu().contiguous().MoveToOuterDisposeScope();
    }

    /// <summary>The embeddings, <c>[N, D]</c>.</summary>
    public ReadOnlySpan2D<float> Rows => View(_rows);

    /// <summary>The labels, <c>[N]</c>.</summary>
    public ReadOnlySpan<long> Labels => MemoryMarshal.Cast<byte, long>(_labels.bytes);

    /// <summary>The rows without their history, dense and on the CPU: the same memory where they are so already. Lives in the scope around the caller's.</summary>
    public static Tensor Dense(Tensor embeddings) => embeddings.detach().cpu().contiguous().MoveToOuterDisposeScope();

    /// <summary>A dense float32 matrix as the engine sees it.</summary>
    public static ReadOnlySpan2D<float> View(Tensor matrix) => Writable(matrix);

    /// <summary>A dense float32 matrix, to be written.</summary>
    public static Span2D<float> Writable(Tensor matrix)
    {
        Span<float> values = MemoryMarshal.Cast<byte, float>(matrix.bytes);
        return values.IsEmpty ? default : Span2D<float>.DangerousCreate(ref values[0], (int)matrix.shape[0], (int)matrix.shape[1], pitch: 0);
    }

    /// <exception cref="ArgumentException">The tensor is no float32 matrix.</exception>
    public static void CheckEmbeddings(Tensor embeddings)
    {
        ArgumentNullException.ThrowIfNull(embeddings);
        if (embeddings.dim() != 2 || embeddings.dtype != ScalarType.Float32)
            throw new ArgumentException($"The embeddings are {Describe(embeddings)}; a float32 matrix [N, D] is needed.", nameof(embeddings));
    }

    public void Dispose()
    {
        _rows.Dispose();
        _labels.Dispose();
    }

    private static string Describe(Tensor tensor) => $"{tensor.dtype} of shape [{string.Join(", ", tensor.shape)}]";
}
