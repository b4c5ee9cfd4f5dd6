using System.Runtime.Intrinsics;

namespace Tercet.Backends.Cpu;

/// <summary>What a pair of components adds to a sum of <see cref="ExactDistance"/>.</summary>
internal interface IPairTerm
{
    /// <summary>The sum with eight terms more, each rounded once.</summary>
    static abstract Vector512<double> Add(Vector512<double> sum, Vector512<double> x, Vector512<double> y);

    /// <summary>One term.</summary>
    static abstract double Of(double x, double y);
}
