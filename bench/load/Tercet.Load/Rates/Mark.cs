namespace Tercet.Load.Rates;

/// <summary>Something that is to be shown.</summary>
/// <param name="What">What is measured.</param>
/// <param name="Measured">What came of it.</param>
/// <param name="Most">The largest value that is good.</param>
internal sealed record Mark(string What, double Measured, double Most)
{
    public bool IsKept => Measured <= Most;
}
