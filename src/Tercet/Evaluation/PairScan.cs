using CommunityToolkit.HighPerformance;
using Tercet.Backends;

namespace Tercet.Evaluation;

/// <summary>
/// Passes over every pair of rows on a backend's tiles. Rows stand in the order of their labels; a band of them meets the rows from its own first on, so that little more than
/// half of the product is computed, and never more of it is held than the keys of the rows under way.
/// </summary>
internal sealed class PairScan(IMiningBackend backend, RowDistances rows, LabelGroups groups, int bands, CancellationToken cancellationToken) : IMiningProgram, IKeyRowConsumer, IDisposable
{
    /// <summary>Bands of a large set: a sixteenth more than half of the product.</summary>
    public const int ManyBands = 8;

    private readonly RowLayout _layout = new();
    private IPairConsumer _consumer = null!;
    private int _first;

    /// <summary>Hands every pair to a consumer.</summary>
    public void Run(IPairConsumer consumer)
    {
        _consumer = consumer;
        int step = (rows.Count + bands - 1) / bands;
        for (_first = 0; _first < rows.Count; _first += step)
        {
            Lay(Math.Min(rows.Count, _first + step));
            ReadOnlySpan2D<float> matrix = rows.Matrix.Span;
            backend.Execute(new MiningProblem(matrix, matrix, _layout, rows.Metric, Environment.ProcessorCount), this, cancellationToken);
        }
    }

    void IMiningProgram.Run(IMiningKernels kernels)
    {
        double tolerance = 0;
        for (int anchor = 0; anchor < _layout.AnchorCount; anchor++)
            tolerance = Math.Max(tolerance, kernels.KeyTolerance(anchor));
        _consumer.Prepare(kernels.Workers, tolerance);
        kernels.ScanRows(this);
    }

    bool IMiningProgram.CanRunAgain => false;

    void IKeyRowConsumer.Consume(IMiningKernels kernels, int worker, int anchor, Span<float> keys) =>
        _consumer.Consume(new PairRow(kernels, worker, _first, anchor, _layout.ClassEnds[anchor], keys));

    public void Dispose() => _layout.Dispose();

    private void Lay(int end)
    {
        _layout.Reset(end - _first, rows.Count - _first);
        groups.Rows.AsSpan(_first).CopyTo(_layout.WritableGalleryRows);
        for (int position = _first; position < end; position++)
        {
            int row = groups.Rows[position];
            int classStart = Math.Max(groups.Start[row], _first);
            _layout.AddAnchor(row, classStart - _first, groups.Start[row] + groups.Size[row] - _first, position - _first);
        }
    }
}
