using System.IO.Hashing;
using System.Text;

namespace Tercet.Galleries.Indexing;

/// <summary>Finds the row that was made from a file: 16 bytes a row, sorted by a hash of the source; the row itself is asked whether it is the one.</summary>
internal sealed class SourceTable
{
    private readonly ulong[] _hashes;
    private readonly long[] _ids;

    public SourceTable(GallerySnapshot snapshot)
    {
        List<ulong> hashes = [];
        List<long> ids = [];
        foreach (GalleryRow row in snapshot.Rows())
        {
            if (row.SourceUtf8.IsEmpty)
                continue;
            hashes.Add(XxHash3.HashToUInt64(row.SourceUtf8));
            ids.Add(row.Id);
        }

        (_hashes, _ids) = ([.. hashes], [.. ids]);
        Array.Sort(_hashes, _ids);
    }

    /// <summary>The row of a source.</summary>
    public bool TryFind(GallerySnapshot snapshot, string source, out GalleryRow row)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(source);
        ulong hash = XxHash3.HashToUInt64(utf8);
        int at = _hashes.AsSpan().BinarySearch(hash);
        while (at > 0 && _hashes[at - 1] == hash)
            at--;
        for (; at >= 0 && at < _hashes.Length && _hashes[at] == hash; at++)
        {
            if (snapshot.TryGet(_ids[at], out row) && row.SourceUtf8.SequenceEqual(utf8))
                return true;
        }

        row = default;
        return false;
    }
}
