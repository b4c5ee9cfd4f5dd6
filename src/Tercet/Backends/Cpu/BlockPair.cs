namespace Tercet.Backends.Cpu;

/// <summary>A run of rows against another, or against itself, in whole panels, padding included.</summary>
/// <param name="FirstRow">Position of the first row.</param>
/// <param name="Rows">Number of rows.</param>
/// <param name="FirstColumn">Position of the first column; not below <paramref name="FirstRow"/>.</param>
/// <param name="Columns">Number of columns.</param>
internal readonly record struct BlockPair(int FirstRow, int Rows, int FirstColumn, int Columns)
{
    /// <summary>Whether rows and columns are the same: every pair stands there twice.</summary>
    public bool IsDiagonal => FirstRow == FirstColumn;
}
