using Microsoft.ML.OnnxRuntime;

namespace Tercet.Forward;

/// <summary>What the loaded ONNX Runtime is.</summary>
public static class OnnxRuntimeInfo
{
    /// <summary>Its version.</summary>
    public static string Version => OrtEnv.Instance().GetVersionString();

    /// <summary>The execution providers built into it, in its order of preference. One that is built in may still fail to start.</summary>
    public static IReadOnlyList<string> Providers => OrtEnv.Instance().GetAvailableProviders();
}
