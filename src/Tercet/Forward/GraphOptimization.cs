namespace Tercet.Forward;

/// <summary>How far ONNX Runtime may rewrite the graph.</summary>
public enum GraphOptimization
{
    /// <summary>Everything it knows, layout changes included; on x64 processors PRelu is written in faster operators first, to the same bits.</summary>
    All,

    /// <summary>Fusions as well, for the chosen provider.</summary>
    Extended,

    /// <summary>Only what keeps the operators: constant folding, dead nodes.</summary>
    Basic,

    /// <summary>The graph as it is in the file.</summary>
    Disabled,
}
