namespace Tercet.Backends;

/// <summary>What a caller does with a backend's kernels while its rows are loaded.</summary>
public interface IMiningProgram
{
    /// <summary>Runs over the loaded rows.</summary>
    /// <param name="kernels">The kernels; valid until this method returns.</param>
    void Run(IMiningKernels kernels);
}
