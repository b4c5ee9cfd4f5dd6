using Tercet.Search;
using Tercet.Threading;

namespace Tercet.Backends.Cpu.Search.Cells;

/// <summary>Several queries by cells, each on a thread of its own.</summary>
internal sealed unsafe class CellBatch(CpuSearch search) : ITeamJob
{
    private SourceRows _queries;
    private Neighbor* _nearest;
    private nint _stride;
    private int _k;
    private int _probes;
    private CancellationToken _cancellation;

    /// <summary>Says what to search for.</summary>
    // SAFETY: both stay pinned while the job runs; each query has k elements of its own.
    public void Prepare(SourceRows queries, int k, int probes, Neighbor* nearest, nint stride, CancellationToken cancellationToken)
    {
        (_queries, _k, _probes, _stride, _cancellation) = (queries, k, probes, stride, cancellationToken);
        _nearest = nearest;
    }

    void ITeamJob.Execute(int worker, int item) => search.RunByCells(_queries, item, _probes, new Span<Neighbor>(_nearest + (item * _stride), _k), threads: 1, _cancellation);
}
