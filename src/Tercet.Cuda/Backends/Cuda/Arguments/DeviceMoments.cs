using System.Runtime.InteropServices;

namespace Tercet.Backends.Cuda.Arguments;

/// <summary>What the statistics are made of, as <c>moments_finish</c> leaves it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct DeviceMoments
{
    /// <summary>Sum of the rows' squared norms.</summary>
    public double SquaredNorms;

    /// <summary>Squared norm of the rows' sum.</summary>
    public double SumOfRowsSquared;

    /// <summary>The same of the rows scaled to unit norm; 0 where the metric is not of such.</summary>
    public double SumOfUnitRowsSquared;

    /// <summary>Rows that are not zero.</summary>
    public double NonZeroRows;

    /// <summary>The complement of the lowest row that no key can be made of; 0 where there is none.</summary>
    public uint FirstBad;

    /// <summary>The same of the anchors.</summary>
    public uint FirstBadAnchor;
}
