using Microsoft.Extensions.VectorData;
using Microsoft.Extensions.VectorData.ProviderServices;
using Tercet.Galleries;
using Tercet.VectorData.Records;

namespace Tercet.VectorData.Filtering;

/// <summary>The order in which records are asked for: by properties, then by id.</summary>
internal sealed class RowOrder<TRecord>
    where TRecord : class
{
    private readonly RecordMapper<TRecord> _mapper;
    private readonly List<(PropertyModel Property, bool Ascending)> _keys = [];

    private RowOrder(RecordMapper<TRecord> mapper) => _mapper = mapper;

    public static RowOrder<TRecord> Of(FilteredRecordRetrievalOptions<TRecord> options, RecordMapper<TRecord> mapper)
    {
        RowOrder<TRecord> order = new(mapper);
        foreach (var sort in options.OrderBy?.Invoke(new FilteredRecordRetrievalOptions<TRecord>.OrderByDefinition()).Values ?? [])
        {
            PropertyModel property = mapper.Model.GetDataOrKeyProperty(sort.PropertySelector);
            if (property.StorageName == RowColumn.Digest && property is DataPropertyModel)
                throw new NotSupportedException($"Records cannot be ordered by '{property.ModelName}'.");
            order._keys.Add((property, sort.Ascending));
        }

        return order;
    }

    /// <summary>Sorts rows that come in ascending order of id; without a property to sort by they stay as they come.</summary>
    public IEnumerable<GalleryRow> Sort(IEnumerable<GalleryRow> rows)
    {
        IOrderedEnumerable<GalleryRow>? sorted = null;
        foreach ((PropertyModel property, bool ascending) in _keys)
        {
            Func<GalleryRow, object?> value = row => _mapper.ValueOf(row, property);
            IComparer<object?> comparer = Comparer<object?>.Create(static (a, b) => a is string x && b is string y ? string.CompareOrdinal(x, y) : Comparer<object?>.Default.Compare(a, b));
            sorted = (sorted, ascending) switch
            {
                (null, true) => rows.OrderBy(value, comparer),
                (null, false) => rows.OrderByDescending(value, comparer),
                (_, true) => sorted.ThenBy(value, comparer),
                (_, false) => sorted.ThenByDescending(value, comparer),
            };
        }

        return sorted ?? rows;
    }
}
