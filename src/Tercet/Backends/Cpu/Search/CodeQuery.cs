namespace Tercet.Backends.Cpu.Search;

/// <summary>What the kernels need of a query beside its codes. Fields, because the kernels read them where they lie.</summary>
internal struct CodeQuery
{
    /// <summary>What one unit of its codes is worth.</summary>
    public float Scale;

    /// <summary>An upper bound of its norm, after scaling; negated.</summary>
    public float MinusNorm;

    /// <summary>An upper bound of what its codes lose, ρ; negated.</summary>
    public float MinusResidual;

    /// <summary>64 times the sum of its codes, negated: what unsigned codes of rows add to every sum.</summary>
    public int MinusOffset;
}
