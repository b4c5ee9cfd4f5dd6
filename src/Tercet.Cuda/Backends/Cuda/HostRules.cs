using CommunityToolkit.HighPerformance;
using Tercet.Backends.Cpu;
using Tercet.Mining;

namespace Tercet.Backends.Cuda;

/// <summary>The loss over all triplets, which has no kernel on the device yet, done by the CPU backend over the caller's rows.</summary>
internal sealed unsafe class HostRules(CpuBackend cpu) : IMiningProgram
{
    private SourceRows _anchors;
    private SourceRows _gallery;
    private RowLayout _layout = null!;
    private DistanceMetric _metric;
    private int _anchorRows;
    private int _galleryRows;
    private int _depth;
    private int _threads;
    private CancellationToken _cancellation;
    private double _margin;
    private double _sum;
    private long _nonZeroTerms;
    private float* _gradient;
    private int _gradientLength;

    public void Load(in MiningProblem problem, SourceRows anchors, SourceRows gallery, CancellationToken cancellationToken)
    {
        (_anchors, _gallery, _layout, _metric) = (anchors, gallery, problem.Layout, problem.Metric);
        (_anchorRows, _galleryRows, _depth) = (problem.Anchors.Height, problem.Gallery.Height, problem.Gallery.Width);
        (_threads, _cancellation) = (problem.Threads, cancellationToken);
    }

    public void Unload()
    {
        (_anchors, _gallery, _layout) = (default, default, null!);
    }

    public double SumTerms(double margin, Span<float> gradient, out long nonZeroTerms)
    {
        // SAFETY: the span stays pinned until the program has run.
        fixed (float* target = gradient)
        {
            (_margin, _gradientLength) = (margin, gradient.Length);
            _gradient = target;
            Execute();
            _gradient = null;
        }

        nonZeroTerms = _nonZeroTerms;
        return _sum;
    }

    void IMiningProgram.Run(IMiningKernels kernels) => _sum = kernels.SumTerms(_margin, new Span<float>(_gradient, _gradientLength), out _nonZeroTerms);

    // SAFETY: the rows stay pinned until Unload; heights, widths and strides are those of the problem that was loaded.
    private void Execute()
    {
        var anchors = new ReadOnlySpan2D<float>(_anchors.First, _anchorRows, _depth, checked((int)_anchors.Stride) - _depth);
        var gallery = new ReadOnlySpan2D<float>(_gallery.First, _galleryRows, _depth, checked((int)_gallery.Stride) - _depth);
        cpu.Execute(new MiningProblem(anchors, gallery, _layout, _metric, _threads), this, _cancellation);
    }
}
