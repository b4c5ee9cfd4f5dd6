using Tercet.Memory;

namespace Tercet.Backends;

/// <summary>
/// The seam between the mining rules and the hardware. A backend loads a problem's rows and lends its kernels to a program; it knows distances and
/// row positions, but no rule.
/// </summary>
public interface IMiningBackend : IDisposable
{
    /// <summary>A short name for reports, such as <c>cpu (512-bit, 2 threads)</c>.</summary>
    string Name { get; }

    /// <summary>Whether the backend checks and measures the rows itself, wherever they lie and however they are stored; else that is done on the host before it is called.</summary>
    bool MeasuresRows => false;

    /// <summary>Whether the backend reads rows that lie in a device's memory.</summary>
    /// <param name="memory">The memory.</param>
    bool Reads(IDeviceMemory memory) => false;

    /// <summary>Loads the rows and runs the program over them. Safe to call from many threads.</summary>
    /// <param name="problem">Rows, order and metric; its memory must stay valid until the call returns.</param>
    /// <param name="program">What to do with the kernels; called on the calling thread, and once unless it fails and <see cref="IMiningProgram.CanRunAgain"/>.</param>
    /// <param name="cancellationToken">Stops the kernels between tiles.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    void Execute(in MiningProblem problem, IMiningProgram program, CancellationToken cancellationToken);
}
