using CommunityToolkit.HighPerformance;
using Microsoft.ML.OnnxRuntime;
using Tercet.Imaging;
using Tercet.Memory;

namespace Tercet.Forward;

/// <summary>
/// Turns samples into embeddings with an ONNX model: one float input <c>[batch, …]</c> (an image of rank 4 or a vector of rank 2), one float
/// output <c>[batch, D]</c>, or <c>[batch, tokens, D]</c> with a <see cref="TokenPooling"/>. Embeddings come as the model gives them, not normalised.
/// </summary>
/// <remarks>
/// Input and output lie in pinned memory that ONNX Runtime is bound to: fill <see cref="Input"/>, call <see cref="Run(int)"/>, read its result. On the CPU nothing
/// is allocated on the managed heap after loading. One embedder serves one thread at a time; <see cref="CreateSibling"/> gives another thread its
/// own buffers over the same session. Spans and matrices taken from an embedder must not be used once it is disposed or unreachable.
/// NaN and infinity go through the model as they are.
/// </remarks>
public sealed class OnnxEmbedder : IDisposable
{
    private const int LargestBatch = 4096;

    private readonly EmbedderOptions _options;
    private readonly LoadedModel _model;
    private readonly PinnedBuffer<float> _input;
    private readonly PinnedBuffer<float> _output;
    private readonly PinnedBuffer<float>? _pooled;
    private readonly DeviceOutput? _deviceOutput;
    private readonly BatchSlots _slots;
    private bool _disposed;

    private OnnxEmbedder(LoadedModel model, EmbedderOptions options)
    {
        _model = model;
        _options = options;
        try
        {
            IBufferAllocator? allocator = options.Allocator ?? options.DeviceMemory?.Host;
            _input = new PinnedBuffer<float>(checked(MaxBatch * InputLength), allocator);
            _output = new PinnedBuffer<float>(checked(MaxBatch * model.Output.Length), allocator);
            _pooled = options.Pooling == TokenPooling.None ? null : new PinnedBuffer<float>(checked(MaxBatch * Dimension), allocator);
            _deviceOutput = DeviceOutput.Of(options, model.Info, _output.Length);
            OrtMemoryInfo place = _deviceOutput?.Place ?? OrtMemoryInfo.DefaultInstance;
            _slots = new BatchSlots(model.Session.Session, model.Info, model.Output, _input.DangerousGetAddress(), _deviceOutput?.Address ?? _output.DangerousGetAddress(), place, MaxBatch, StreamPlan.Of(options, model.Info), bindsEachRun: model.Info.Device != DeviceChoice.Cpu);
            if (options.WarmUp)
                WarmUp();
        }
        catch
        {
            _disposed = true;
            Release();
            throw;
        }
    }

    /// <summary>What the model is and how it runs.</summary>
    public ModelInfo Info => _model.Info;

    /// <summary>Number of floats of one embedding, D.</summary>
    public int Dimension => Info.Dimension;

    /// <summary>Number of floats of one sample.</summary>
    public int InputLength => Info.InputLength;

    /// <summary>Most samples of one <see cref="Run(int)"/>.</summary>
    public int MaxBatch => _options.MaxBatch;

    /// <summary>The pinned input <c>[MaxBatch, InputLength]</c>, row-major: fill the first n rows.</summary>
    /// <exception cref="ObjectDisposedException">The embedder has been disposed.</exception>
    public Span<float> Input => _input.Span;

    /// <summary>Loads a model, checks it, and proves by running how it takes a batch.</summary>
    /// <param name="modelPath">An ONNX file. Weights kept outside it must lie in the same folder.</param>
    /// <param name="options">How; <see langword="null"/> means the defaults.</param>
    /// <returns>An embedder, ready to run.</returns>
    /// <exception cref="ArgumentException"><paramref name="modelPath"/> is empty, or an option is out of range.</exception>
    /// <exception cref="ModelFileException">The file is missing, unreadable, truncated or not ONNX.</exception>
    /// <exception cref="UnsupportedModelException">The model is not an embedder: its inputs or outputs are of another kind. The message lists them.</exception>
    /// <exception cref="DeviceUnavailableException">CUDA was asked for and cannot be had.</exception>
    /// <exception cref="TercetException">The sidecar file is malformed.</exception>
    public static OnnxEmbedder Load(string modelPath, EmbedderOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(modelPath);
        options ??= new EmbedderOptions();
        RequireInRange(options.MaxBatch, 1, LargestBatch, nameof(EmbedderOptions.MaxBatch));
        RequireInRange(options.Threads, 0, 4096, nameof(EmbedderOptions.Threads));
        RequireInRange(options.Streams, 0, 4096, nameof(EmbedderOptions.Streams));
        return new OnnxEmbedder(ModelLoader.Load(modelPath, options), options);
    }

    /// <summary>Another embedder over the same session with its own input and output, for another thread. Either may be disposed first.</summary>
    /// <exception cref="ObjectDisposedException">The embedder has been disposed.</exception>
    public OnnxEmbedder CreateSibling()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return new OnnxEmbedder(_model with { Session = _model.Session.Join() }, _options with { WarmUp = false });
    }

    /// <summary>What brings a decoded image into the form of one sample.</summary>
    /// <exception cref="TercetException">The model takes no image, or does not say of what size and layout.</exception>
    public ImagePreprocessor CreatePreprocessor()
    {
        Preprocessing preprocessing = Info.Preprocessing
            ?? throw new TercetException($"{Info.Path}: the model does not say what it expects of an image. Give {nameof(EmbedderOptions)}.{nameof(EmbedderOptions.Preprocessing)}, or a file {Path.GetFileName(Info.Path)}.json beside it.");
        ImagePreprocessor preprocessor = new(preprocessing);
        return preprocessing.Length == InputLength
            ? preprocessor
            : throw new TercetException($"{Info.Path}: one input of the model is {InputLength} floats ({string.Join(" × ", Info.SampleShape)}), but an image of {preprocessing.Width} × {preprocessing.Height} in three colours is {preprocessing.Length}.");
    }

    /// <summary>Row <paramref name="index"/> of <see cref="Input"/>.</summary>
    /// <param name="index">0 to <see cref="MaxBatch"/> − 1.</param>
    /// <returns><see cref="InputLength"/> floats to fill.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="index"/> is outside the batch.</exception>
    /// <exception cref="ObjectDisposedException">The embedder has been disposed.</exception>
    public Span<float> InputSlot(int index)
    {
        RequireInRange(index, 0, MaxBatch - 1, nameof(index));
        return _input.Span.Slice(index * InputLength, InputLength);
    }

    /// <summary>Embeds the first <paramref name="count"/> rows of <see cref="Input"/>. Allocates nothing.</summary>
    /// <param name="count">Number of samples, 0 to <see cref="MaxBatch"/>.</param>
    /// <returns>The embeddings <c>[count, D]</c> in the pinned output, valid until the next run or dispose.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is negative or above <see cref="MaxBatch"/>.</exception>
    /// <exception cref="TercetException">ONNX Runtime failed; the message holds its code and text.</exception>
    /// <exception cref="ObjectDisposedException">The embedder has been disposed.</exception>
    public ReadOnlySpan2D<float> Run(int count) => Run(count, out _);

    /// <summary>Embeds as <see cref="Run(int)"/> does, and says where the embeddings lie on the device: what <see cref="Mining.MiningInput"/> takes.</summary>
    /// <param name="count">Number of samples, 0 to <see cref="MaxBatch"/>.</param>
    /// <param name="resident">The same embeddings in <see cref="EmbedderOptions.DeviceMemory"/>, valid until the next run or dispose; no matrix where the model does not run on that device, or tokens are pooled.</param>
    /// <returns>The embeddings <c>[count, D]</c> in the pinned output, to which they are copied once.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is negative or above <see cref="MaxBatch"/>.</exception>
    /// <exception cref="TercetException">ONNX Runtime or the device failed; the message holds its code and text.</exception>
    /// <exception cref="ObjectDisposedException">The embedder has been disposed.</exception>
    public ReadOnlySpan2D<float> Run(int count, out DeviceMatrix resident)
    {
        Forward(count);
        resident = _deviceOutput?.Rows(count, Dimension) ?? default;
        _deviceOutput?.CopyTo(_output, (long)count * Dimension);
        if (_pooled is null)
            return _output.AsMatrix(count, Dimension);
        TokenPool.Pool(_output.Span, _pooled.Span, count, _model.Output, _options.Pooling);
        return _pooled.AsMatrix(count, Dimension);
    }

    /// <summary>Whether the model's output lies in <see cref="EmbedderOptions.DeviceMemory"/>, so that <see cref="RunOnDevice"/> can leave it there.</summary>
    public bool IsOnDevice => _deviceOutput is not null;

    /// <summary>Embeds as <see cref="Run(int)"/> does, and leaves the embeddings on the device: nothing is copied to the host.</summary>
    /// <param name="count">Number of samples, 1 to <see cref="MaxBatch"/>.</param>
    /// <returns>The embeddings <c>[count, D]</c>, valid until the next run or dispose.</returns>
    /// <exception cref="InvalidOperationException">They do not lie on a device (<see cref="IsOnDevice"/>).</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is below 1 or above <see cref="MaxBatch"/>.</exception>
    /// <exception cref="TercetException">ONNX Runtime or the device failed; the message holds its code and text.</exception>
    /// <exception cref="ObjectDisposedException">The embedder has been disposed.</exception>
    public DeviceMatrix RunOnDevice(int count)
    {
        RequireInRange(count, 1, MaxBatch, nameof(count));
        if (_deviceOutput is null)
            throw new InvalidOperationException($"{Info.Path}: the embeddings do not lie on a device: the model runs on {Info.Provider}, or no device memory was given, or tokens are pooled on the host. Use Run.");
        Forward(count);
        return _deviceOutput.Rows(count, Dimension);
    }

    /// <summary>Embeds any number of samples, <see cref="MaxBatch"/> at a time. Copies in and out; allocates nothing.</summary>
    /// <param name="samples"><c>[count, InputLength]</c>, row-major.</param>
    /// <param name="count">Number of samples, 0 or more.</param>
    /// <param name="embeddings">Receives <c>[count, D]</c>.</param>
    /// <exception cref="ArgumentException"><paramref name="samples"/> or <paramref name="embeddings"/> does not have this shape.</exception>
    /// <exception cref="TercetException">ONNX Runtime failed.</exception>
    /// <exception cref="ObjectDisposedException">The embedder has been disposed.</exception>
    public void Embed(ReadOnlySpan<float> samples, int count, Span2D<float> embeddings)
    {
        RequireInRange(count, 0, int.MaxValue, nameof(count));
        if (samples.Length != (long)count * InputLength)
            throw new ArgumentException($"{count} samples of {InputLength} floats are {(long)count * InputLength} floats, not {samples.Length}.", nameof(samples));
        if (embeddings.Height != count || (embeddings.Width != Dimension && count > 0))
            throw new ArgumentException($"The embeddings are [{count}, {Dimension}], not [{embeddings.Height}, {embeddings.Width}].", nameof(embeddings));
        ObjectDisposedException.ThrowIf(_disposed, this);

        for (int first = 0; first < count; first += MaxBatch)
        {
            int chunk = Math.Min(MaxBatch, count - first);
            samples.Slice(first * InputLength, chunk * InputLength).CopyTo(_input.Span);
            Run(chunk).CopyTo(embeddings.Slice(first, 0, chunk, Dimension));
        }
    }

    /// <summary>Frees the buffers, and the session when no sibling uses it. Further calls do nothing.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        Release();
    }

    private static void RequireInRange(int value, int least, int most, string name)
    {
        if (value < least || value > most)
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be between {least} and {most}.");
    }

    private void Forward(int count)
    {
        RequireInRange(count, 0, MaxBatch, nameof(count));
        ObjectDisposedException.ThrowIf(_disposed, this);
        try
        {
            _slots.Run(count);
        }
        catch (OnnxRuntimeException failure)
        {
            throw Failed(count, failure);
        }
    }

    private void WarmUp()
    {
        try
        {
            _slots.WarmUp();
        }
        catch (OnnxRuntimeException failure)
        {
            throw Failed(MaxBatch, failure);
        }
    }

    private TercetException Failed(int count, OnnxRuntimeException failure) =>
        new($"{Info.Path}: the forward pass of {count} samples failed on {Info.Provider}: {failure.Message} A smaller MaxBatch needs less memory.", failure);

    private void Release()
    {
        // The bindings point into the buffers, and the session made the bindings: the order matters. Null where the constructor failed early.
        _slots?.Dispose();
        _deviceOutput?.Dispose();
        ((IDisposable?)_input)?.Dispose();
        ((IDisposable?)_output)?.Dispose();
        ((IDisposable?)_pooled)?.Dispose();
        _model.Session.Leave();
    }
}
