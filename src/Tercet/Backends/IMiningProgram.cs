namespace Tercet.Backends;

/// <summary>What a caller does with a backend's kernels while its rows are loaded.</summary>
public interface IMiningProgram
{
    /// <summary>
    /// Whether a run that failed may be done again from the start; not once results of it have left for a consumer. A backend asks it when it has lost its device and another
    /// can take over.
    /// </summary>
    bool CanRunAgain => true;

    /// <summary>Runs over the loaded rows.</summary>
    /// <param name="kernels">The kernels; valid until this method returns.</param>
    void Run(IMiningKernels kernels);
}
