namespace Tercet.Forward;

/// <summary>Where the forward pass runs.</summary>
public enum DeviceChoice
{
    /// <summary>CUDA where a provider for it is present and starts, else the CPU. <see cref="ModelInfo.DeviceNote"/> says why it was the CPU.</summary>
    Auto,

    /// <summary>The CPU.</summary>
    Cpu,

    /// <summary>An NVIDIA GPU; a <see cref="DeviceUnavailableException"/> where there is none or no provider for it.</summary>
    Cuda,
}
