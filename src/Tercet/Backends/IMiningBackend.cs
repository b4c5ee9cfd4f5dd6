namespace Tercet.Backends;

/// <summary>The seam.</summary>
public interface IMiningBackend : IDisposable
{
    /// <summary>Name.</summary>
    string Name { get; }
}
