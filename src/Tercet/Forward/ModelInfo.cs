using System.Collections.Immutable;
using Tercet.Imaging;

namespace Tercet.Forward;

/// <summary>What a loaded model is, and how it is being run.</summary>
public sealed record ModelInfo
{
    /// <summary>The full path of the file.</summary>
    public required string Path { get; init; }

    /// <summary>The SHA-256 of the file as it was loaded, in lower-case hexadecimal.</summary>
    public required string Sha256 { get; init; }

    /// <summary>The size of the file in bytes.</summary>
    public required long FileBytes { get; init; }

    /// <summary>The input that is filled, as the file declares it.</summary>
    public required TensorDescription Input { get; init; }

    /// <summary>The output that is read, as the file declares it.</summary>
    public required TensorDescription Output { get; init; }

    /// <summary>What the model says about itself.</summary>
    public required ModelMetadata Metadata { get; init; }

    /// <summary>How a batch goes through the model.</summary>
    public required BatchMode BatchMode { get; init; }

    /// <summary>Why <see cref="BatchMode"/> is what it is, in one sentence.</summary>
    public required string BatchNote { get; init; }

    /// <summary>The shape of one sample, without the batch.</summary>
    public required ImmutableArray<int> SampleShape { get; init; }

    /// <summary>Number of floats of one sample.</summary>
    public required int InputLength { get; init; }

    /// <summary>Number of floats of one embedding.</summary>
    public required int Dimension { get; init; }

    /// <summary>Number of tokens that are pooled into one embedding; 1 where the output has none.</summary>
    public required int Tokens { get; init; }

    /// <summary>How the tokens are pooled.</summary>
    public required TokenPooling Pooling { get; init; }

    /// <summary>The device in use, <see cref="DeviceChoice.Cpu"/> or <see cref="DeviceChoice.Cuda"/>.</summary>
    public required DeviceChoice Device { get; init; }

    /// <summary>The execution provider in use.</summary>
    public required string Provider { get; init; }

    /// <summary>Why <see cref="DeviceChoice.Auto"/> took the CPU; null where nothing was left out.</summary>
    public required string? DeviceNote { get; init; }

    /// <summary>Which provider ran which nodes.</summary>
    public required NodePlacement Placement { get; init; }

    /// <summary>What the model expects of an image; null for a model without images or without a description.</summary>
    public required Preprocessing? Preprocessing { get; init; }

    /// <summary>The version of ONNX Runtime.</summary>
    public required string RuntimeVersion { get; init; }
}
