namespace Tercet.Backends.Cpu.Search;

/// <summary>
/// Whether the codes are worth reading first. They are not while limits are still loose, nor in a gallery whose rows differ by less than their codes
/// lose: then most rows have to be looked at all the same. So the codes are tried, and where they leave too much, the rows are read for a stretch, each
/// time twice as long, before the codes are tried again.
/// </summary>
/// <param name="worthwhile">The codes are kept while they leave at most one row in so many.</param>
internal struct FilterTrial(int worthwhile)
{
    private const int FirstStretch = 8;
    private const int LongestStretch = 1 << 14;

    private int _stretch = FirstStretch;
    private int _left = 0;

    /// <summary>Whether to read the codes of the next block first.</summary>
    public bool IsDue()
    {
        if (_left == 0)
            return true;
        _left--;
        return false;
    }

    /// <summary>Says what came of it.</summary>
    /// <param name="kept">Rows that the codes left to look at.</param>
    /// <param name="seen">All rows.</param>
    public void Report(int kept, int seen)
    {
        if ((long)kept * worthwhile <= seen)
        {
            _stretch = FirstStretch;
            return;
        }

        _left = _stretch;
        _stretch = Math.Min(2 * _stretch, LongestStretch);
    }
}
