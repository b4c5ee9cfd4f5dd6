using Microsoft.ML.OnnxRuntime;

namespace Tercet.Forward;

/// <summary>A device together with the execution provider that drives it.</summary>
/// <param name="Device">Cpu or Cuda.</param>
/// <param name="Provider">ONNX Runtime's name of the provider.</param>
/// <param name="Append">Adds the provider to a session's options.</param>
internal sealed record ExecutionTarget(DeviceChoice Device, string Provider, Action<SessionOptions> Append)
{
    public const string CpuProvider = "CPUExecutionProvider";

    /// <summary>The CPU, which every session has without being asked.</summary>
    public static ExecutionTarget Cpu { get; } = new(DeviceChoice.Cpu, CpuProvider, static _ => { });
}
