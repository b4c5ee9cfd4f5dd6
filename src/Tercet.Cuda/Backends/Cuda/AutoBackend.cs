using Tercet.Backends.Cpu;
using Tercet.Memory;

namespace Tercet.Backends.Cuda;

/// <summary>
/// Mining on an NVIDIA GPU where one can be used, else on the CPU; and on the CPU from the moment that the device is lost: the call in which that happens is done
/// again there, unless results of it have already been streamed. The same rows are selected on either. Safe to use from many threads.
/// </summary>
public sealed class AutoBackend : IMiningBackend
{
    private readonly CpuBackend _cpu = new();
    private readonly IMiningBackend? _cuda;
    private string? _note;

    /// <summary>Opens the device if it can be opened.</summary>
    /// <param name="options">Which device; <see langword="null"/> means the defaults.</param>
    public AutoBackend(CudaOptions? options = null)
        : this(() => new CudaBackend(options ?? new CudaOptions()))
    {
    }

    internal AutoBackend(Func<IMiningBackend> openCuda)
    {
        try
        {
            _cuda = openCuda();
        }
        catch (CudaException reason)
        {
            _note = reason.Message;
        }
    }

    /// <summary>Why calls are done on the CPU; <see langword="null"/> while they are done on the device.</summary>
    public string? Note => Volatile.Read(ref _note);

    /// <summary>The backend that the next call is done on.</summary>
    public IMiningBackend Current => Note is null ? _cuda! : _cpu;

    /// <inheritdoc/>
    public string Name => Current.Name;

    /// <inheritdoc/>
    public bool MeasuresRows => Current.MeasuresRows;

    /// <inheritdoc/>
    public bool Reads(IDeviceMemory memory) => Current.Reads(memory);

    /// <inheritdoc/>
    /// <exception cref="CudaException">The device has too little memory, or was lost after results had been streamed; the next call is done on the CPU then.</exception>
    public void Execute(in MiningProblem problem, IMiningProgram program, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(program);
        if (Note is null)
        {
            try
            {
                _cuda!.Execute(in problem, program, cancellationToken);
                return;
            }
            catch (CudaException lost) when (lost.IsFatal)
            {
                Interlocked.CompareExchange(ref _note, lost.Message, null);
                if (!program.CanRunAgain)
                    throw;
            }
        }

        MiningProblem onHost = problem.OnHost();
        _cpu.Execute(in onHost, program, cancellationToken);
    }

    /// <summary>Disposes both backends. No call may be running.</summary>
    public void Dispose()
    {
        _cuda?.Dispose();
        _cpu.Dispose();
    }
}
