using System.Diagnostics.CodeAnalysis;

namespace Tercet.Search;

/// <summary>What a search reads before it looks at the rows themselves. The answer never depends on it.</summary>
public enum SearchFilter
{
    /// <summary>Nothing: every query reads the float32 rows.</summary>
    None,

    /// <summary>
    /// A companion of one byte a component, made when the index is built (about G · (D + 16) bytes more). A search reads it in place of the rows, with a
    /// proven bound on each row's error, and looks at the rows only of the few that the bound leaves; where it leaves many, it reads the rows at once.
    /// </summary>
    [SuppressMessage("Naming", "CA1720:Identifier contains type name", Justification = "It is named for what it stores.")]
    Int8,

    /// <summary>
    /// K-means cells beside the companion, made when the index is built (about as many bytes again). A query reads only what the
    /// distances between query, centres and rows leave, by its codes; of a gallery whose rows lie in clusters that is little. More than 24 queries a call read the
    /// companion together, unless a sample of them shows that cells leave few rows.
    /// </summary>
    Cells,
}
