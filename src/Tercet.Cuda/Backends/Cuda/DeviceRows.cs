using Tercet.Backends.Cuda.Arguments;
using Tercet.Backends.Cuda.Driver;
using Tercet.Memory;

namespace Tercet.Backends.Cuda;

/// <summary>One side of a problem on the device: the caller's rows, and what <c>prepare</c> makes of them.</summary>
internal sealed unsafe class DeviceRows(ICudaDriver driver) : IDisposable
{
    private readonly DeviceBuffer _source = new(driver);
    private readonly DeviceBuffer _narrow = new(driver);
    private readonly DeviceBuffer _order = new(driver);
    private readonly DeviceBuffer _panels = new(driver);
    private readonly DeviceBuffer _terms = new(driver);
    private readonly DeviceBuffer _norms = new(driver);

    // The largest term, and the first bad row.
    private readonly DeviceBuffer _largest = new(driver);
    private readonly DeviceBuffer _fragments = new(driver);
    private readonly DeviceBuffer _inverseScales = new(driver);
    private readonly DeviceBuffer _images = new(driver);
    private readonly DeviceBuffer _residual = new(driver);

    /// <summary>The rows as kernels take them.</summary>
    public PackedRows Packed { get; private set; }

    /// <summary>The rows as float16 pairs; nothing before <see cref="PrepareHalves"/>.</summary>
    public HalfPanels Halves { get; private set; }

    /// <summary>The rows as float16 images; nothing before <see cref="PrepareImages"/>.</summary>
    public HalfPanels Images { get; private set; }

    /// <summary>The device's address of the ordered bits of the largest part of a norm that images leave out.</summary>
    public nint Residual => _residual.Address;

    /// <summary>The device's address of the ordered bits of the largest term.</summary>
    public nint Largest => _largest.Address;

    /// <summary>The device's address of the complement of the lowest of the caller's rows that no key can be made of, 0 where there is none.</summary>
    public nint FirstBad => _largest.Address + sizeof(uint);

    /// <summary>The device's address of the caller's rows.</summary>
    public nint Source { get; private set; }

    /// <summary>Takes rows that lie on the device.</summary>
    public void Take(nint source) => Source = source;

    /// <summary>
    /// Copies the caller's rows, at once where they lie one after another in page-locked memory, and makes float32 of 16 bits a component. What they are copied from, theirs or the
    /// staging memory, must stay as it is until the stream has come past.
    /// </summary>
    /// <param name="rows">The rows.</param>
    /// <param name="staging">Page-locked memory for the copies.</param>
    /// <param name="pageLocked">Knows what memory is page-locked.</param>
    /// <param name="kernels">The kernels.</param>
    /// <param name="stream">The stream.</param>
    public void Bring(HostRows rows, Staging staging, PageLockedAllocator pageLocked, CudaKernels kernels, nint stream)
    {
        nint target = MakeRoom(rows);
        if (rows.StrideBytes == rows.RowBytes && pageLocked.Holds(rows.First, rows.Bytes))
            driver.CopyToDevice(target, rows.First, rows.Bytes, stream);
        else
            staging.Copy(rows, target, stream);
        if (rows.Format != RowFormat.Binary32)
            Widen(rows, rows.Format == RowFormat.Binary16 ? kernels.WidenFloat16 : kernels.WidenBFloat16, kernels.StridingBlocks, stream);
    }

    /// <summary>Packs rows that <see cref="Bring"/> of this side, or another one, has brought.</summary>
    /// <param name="uploaded">The side that holds the caller's rows.</param>
    /// <param name="measured">The side whose largest term takes these rows' in: this one, or another that has been packed before.</param>
    /// <param name="order">Position → the caller's row, in page-locked memory.</param>
    /// <param name="count">Number of positions.</param>
    /// <param name="depth">Dimension of a row.</param>
    /// <param name="kernel">The kernel.</param>
    /// <param name="stream">The stream.</param>
    // SAFETY: here and below, the struct is on the stack, and the driver has read it when a launch returns.
    public void Prepare(DeviceRows uploaded, DeviceRows measured, PinnedBuffer<int> order, int count, int depth, nint kernel, nint stream)
    {
        int panels = CudaPlan.Panels(count);
        long padded = (long)panels * CudaPlan.PanelRows;
        Packed = new PackedRows
        {
            Source = uploaded.Source,
            Order = _order.Grow((long)count * sizeof(int)),
            Panels = _panels.Grow(CudaPlan.PanelFloats(count, depth) * sizeof(float)),
            Terms = _terms.Grow(padded * sizeof(float)),
            Norms = _norms.Grow(padded * sizeof(double)),
            Stride = depth,
            Count = count,
            Depth = depth,
            PaddedDepth = CudaPlan.PaddedDepth(depth),
            PanelCount = panels,
        };
        _largest.Grow(2 * sizeof(uint));
        var arguments = new PrepareArguments
        {
            Rows = Packed,
            Panels = Packed.Panels,
            Terms = Packed.Terms,
            Norms = Packed.Norms,
            Largest = measured.Largest,
            FirstBad = FirstBad,
        };
        driver.CopyToDevice(Packed.Order, order.DangerousGetAddress(), (long)count * sizeof(int), stream);
        driver.Fill(_largest.Address, 0, 2, stream);
        driver.Launch(kernel, new LaunchGrid(panels, 1, CudaPlan.Threads), (nint)(&arguments), stream);
    }

    /// <summary>What <see cref="Check"/> needs in place of <see cref="Prepare"/> where no row has a position.</summary>
    public void BeginCheck(int depth, nint stream)
    {
        Packed = new PackedRows { Depth = depth };
        driver.Fill(_largest.Grow(2 * sizeof(uint)), 0, 2, stream);
    }

    /// <summary>One of the caller's rows, for the message that refuses it.</summary>
    public float[] FetchRow(int row, int depth, IBufferAllocator pageLocked, nint stream)
    {
        using PinnedBuffer<float> landing = new(depth, pageLocked);
        driver.CopyToHost(landing.DangerousGetAddress(), Source + (nint)((long)row * depth * sizeof(float)), (long)depth * sizeof(float), stream);
        driver.Synchronize(stream);
        return landing.Span.ToArray();
    }

    /// <summary>Looks for rows that no key can be made of, also among those that have no position. After <see cref="Prepare"/>.</summary>
    /// <param name="count">Number of the caller's rows.</param>
    /// <param name="kernel">The kernel.</param>
    /// <param name="mostBlocks">Blocks that the device holds at once.</param>
    /// <param name="stream">The stream.</param>
    public void Check(int count, nint kernel, int mostBlocks, nint stream)
    {
        var arguments = new CheckRowsArguments { Source = Source, Count = count, Depth = Packed.Depth, FirstBad = FirstBad };
        driver.Launch(kernel, new LaunchGrid(Math.Min(CudaPlan.DecideBlocks(count), mostBlocks), 1, CudaPlan.Threads), (nint)(&arguments), stream);
    }

    /// <summary>Splits the rows that <see cref="Prepare"/> has packed into float16 pairs.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="stream">The stream.</param>
    public void PrepareHalves(nint kernel, nint stream)
    {
        Halves = new HalfPanels
        {
            Fragments = _fragments.Grow(CudaPlan.FragmentBytes(Packed.Count, Packed.Depth)),
            InverseScales = _inverseScales.Grow((long)Packed.PanelCount * CudaPlan.PanelRows * sizeof(float)),
        };
        var arguments = new PrepareHalvesArguments { Rows = Packed, Fragments = Halves.Fragments, InverseScales = Halves.InverseScales };
        driver.Launch(kernel, new LaunchGrid(Packed.PanelCount, 1, CudaPlan.Threads), (nint)(&arguments), stream);
    }

    /// <summary>Makes float16 images of the rows that <see cref="Prepare"/> has packed, when all have been measured.</summary>
    /// <param name="measured">The side that has the largest term, and takes what images leave out: this one, or another whose images have been made before.</param>
    /// <param name="kernel">The kernel.</param>
    /// <param name="stream">The stream.</param>
    public void PrepareImages(DeviceRows measured, nint kernel, nint stream)
    {
        Images = new HalfPanels { Fragments = _images.Grow(CudaPlan.ImagesBytes(Packed.Count, Packed.Depth)) };
        if (ReferenceEquals(measured, this))
            driver.Fill(_residual.Grow(sizeof(uint)), 0, 1, stream);
        var arguments = new PrepareImagesArguments { Rows = Packed, Largest = measured.Largest, Images = Images.Fragments, Residual = measured.Residual };
        driver.Launch(kernel, new LaunchGrid(Packed.PanelCount, 1, CudaPlan.Threads), (nint)(&arguments), stream);
    }

    /// <summary>Gives the float16 pairs' and images' memory back.</summary>
    public void FreeHalves()
    {
        _fragments.Dispose();
        _inverseScales.Dispose();
        _images.Dispose();
        _residual.Dispose();
        Halves = default;
        Images = default;
    }

    // SAFETY: as above, the struct is on the stack, and the driver has read it when a launch returns.
    private void Widen(HostRows rows, nint kernel, int mostBlocks, nint stream)
    {
        var arguments = new WidenArguments { Bits = _narrow.Address, Values = Source, Count = (long)rows.Count * rows.Depth };
        long blocks = (arguments.Count + (2 * CudaPlan.Threads) - 1) / (2 * CudaPlan.Threads);
        driver.Launch(kernel, new LaunchGrid((int)Math.Min(blocks, mostBlocks), 1, CudaPlan.Threads), (nint)(&arguments), stream);
    }

    // Where the rows are to be copied to; Source is where they will be as float32.
    private nint MakeRoom(HostRows rows)
    {
        Source = _source.Grow((long)rows.Count * rows.Depth * sizeof(float));
        return rows.Format == RowFormat.Binary32 ? Source : _narrow.Grow(rows.Bytes);
    }

    public void Dispose()
    {
        FreeHalves();
        _narrow.Dispose();
        _source.Dispose();
        _order.Dispose();
        _panels.Dispose();
        _terms.Dispose();
        _norms.Dispose();
        _largest.Dispose();
    }
}
