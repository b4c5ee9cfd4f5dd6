using System.Text;
using Tercet.Mining;

namespace Tercet.Galleries.Segments;

/// <summary>Rows that were added and are not on the disk yet, in ascending order of id once <see cref="Sort"/> was called.</summary>
internal sealed class PendingRows(GallerySchema schema) : IRowSource
{
    private readonly Dictionary<long, int> _rowOfId = [];
    private readonly List<PendingRow> _rows = [];

    public int Count => _rows.Count;

    public bool Contains(long id) => _rowOfId.ContainsKey(id);

    /// <summary>Adds a row, or replaces the one of the same id.</summary>
    public void Put(long id, ReadOnlySpan<float> vector, in GalleryRowFacts facts)
    {
        float[] copy = vector.ToArray();
        if (schema.Normalized)
            UnitRows.Normalize(copy);
        if (schema.Element == GalleryElement.Float16)
            Round(copy);
        byte[] digest = facts.Digest.Length == 0 ? NoDigest : facts.Digest.ToArray();
        PendingRow row = new(id, copy, Encoding.UTF8.GetBytes(facts.Label), Encoding.UTF8.GetBytes(facts.Source), facts.Time.ToUnixTimeMilliseconds(), digest);
        if (_rowOfId.TryGetValue(id, out int at))
        {
            _rows[at] = row;
            return;
        }

        _rowOfId.Add(id, _rows.Count);
        _rows.Add(row);
    }

    /// <summary>Takes a row back.</summary>
    /// <returns>Whether it was there.</returns>
    public bool Remove(long id)
    {
        if (!_rowOfId.Remove(id, out int at))
            return false;
        PendingRow last = _rows[^1];
        _rows.RemoveAt(_rows.Count - 1);
        if (last.Id == id)
            return true;
        _rows[at] = last;
        _rowOfId[last.Id] = at;
        return true;
    }

    public void Sort()
    {
        _rows.Sort(static (a, b) => a.Id.CompareTo(b.Id));
        for (int row = 0; row < _rows.Count; row++)
            _rowOfId[_rows[row].Id] = row;
    }

    public void Clear()
    {
        _rows.Clear();
        _rowOfId.Clear();
    }

    bool IRowSource.IsRemoved(int row) => false;

    long IRowSource.Id(int row) => _rows[row].Id;

    ReadOnlySpan<float> IRowSource.Vector(int row) => _rows[row].Vector;

    ReadOnlySpan<byte> IRowSource.Label(int row) => _rows[row].Label;

    ReadOnlySpan<byte> IRowSource.Source(int row) => _rows[row].Source;

    long IRowSource.Time(int row) => _rows[row].Time;

    ReadOnlySpan<byte> IRowSource.Digest(int row) => _rows[row].Digest;

    private static readonly byte[] NoDigest = new byte[Format.ArrowMetadata.DigestBytes];

    private static void Round(float[] vector)
    {
        for (int k = 0; k < vector.Length; k++)
        {
            float rounded = (float)(Half)vector[k];
            if (!float.IsFinite(rounded))
                throw new ArgumentException($"'vector' has the component {vector[k]} at {k}, which float16 cannot hold.", nameof(vector));
            vector[k] = rounded;
        }
    }

    private readonly record struct PendingRow(long Id, float[] Vector, byte[] Label, byte[] Source, long Time, byte[] Digest);
}
