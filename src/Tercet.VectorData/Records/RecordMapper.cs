using System.Globalization;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.VectorData.ProviderServices;
using Tercet.Galleries;

namespace Tercet.VectorData.Records;

/// <summary>Records to a gallery's rows, and back.</summary>
internal sealed class RecordMapper<TRecord>(CollectionModel model)
    where TRecord : class
{
    public CollectionModel Model => model;

    public Score Score { get; } = Score.Of(model.VectorProperty);

    /// <summary>The id of a key.</summary>
    /// <exception cref="ArgumentException">It is no id: null, negative, or of another type.</exception>
    public static long IdOf(object? key, string parameterName)
    {
        ArgumentNullException.ThrowIfNull(key, parameterName);
        return key switch
        {
            long and >= 0 and < long.MaxValue => (long)key,
            int and >= 0 => (int)key,
            ulong and < long.MaxValue => (long)(ulong)key,
            _ => throw new ArgumentException($"The key {key} ({key.GetType().Name}) is no id of a gallery: 0 to 2^63 - 2.", parameterName),
        };
    }

    /// <summary>Adds or replaces a record.</summary>
    /// <param name="writer">The gallery.</param>
    /// <param name="record">The record.</param>
    /// <param name="generated">Its vector, where the record does not hold it.</param>
    public void Put(GalleryWriter writer, TRecord record, Embedding? generated)
    {
        long id = IdOf(model.KeyProperty.GetValueAsObject(record), nameof(record));
        object? vector = generated ?? model.VectorProperty.GetValueAsObject(record);
        ReadOnlyMemory<float> components = AsVector(vector)
            ?? throw new ArgumentException($"The record {id} has no vector in '{model.VectorProperty.ModelName}'.", nameof(record));
        string label = "", source = "";
        DateTimeOffset time = default;
        byte[] digest = [];
        foreach (DataPropertyModel property in model.DataProperties)
        {
            object? value = property.GetValueAsObject(record);
            switch (property.StorageName)
            {
                case RowColumn.Label:
                    label = (string?)value ?? "";
                    break;
                case RowColumn.Source:
                    source = (string?)value ?? "";
                    break;
                case RowColumn.Time:
                    time = AsTime(value) ?? DateTimeOffset.UnixEpoch;
                    break;
                default:
                    digest = (byte[]?)value ?? [];
                    break;
            }
        }

        writer.Put(id, components.Span, new GalleryRowFacts { Label = label, Source = source, Time = time, Digest = digest });
    }

    /// <summary>A record of a row.</summary>
    public TRecord Read(GalleryRow row, bool includeVector)
    {
        TRecord record = model.CreateRecord<TRecord>()!;
        model.KeyProperty.SetValueAsObject(record, KeyOf(row));
        foreach (DataPropertyModel property in model.DataProperties)
            property.SetValueAsObject(record, ValueOf(row, property));
        if (includeVector)
            model.VectorProperty.SetValueAsObject(record, VectorOf(row));
        return record;
    }

    /// <summary>What a property of the row's record holds: its key or a data property.</summary>
    public object? ValueOf(GalleryRow row, PropertyModel property) => property switch
    {
        KeyPropertyModel => KeyOf(row),
        { StorageName: RowColumn.Label } => OrNull(row.Label, property),
        { StorageName: RowColumn.Source } => OrNull(row.Source, property),
        { StorageName: RowColumn.Time } when row.Time == DateTimeOffset.UnixEpoch && property.IsNullable => null,
        { StorageName: RowColumn.Time } => (Nullable.GetUnderlyingType(property.Type) ?? property.Type) == typeof(DateTime) ? row.Time.UtcDateTime : row.Time,
        _ => row.HasDigest ? row.Digest.ToArray() : property.IsNullable ? null : Array.Empty<byte>(),
    };

    /// <summary>The vector that a value is; null where it is none.</summary>
    public static ReadOnlyMemory<float>? AsVector(object? value) => value switch
    {
        ReadOnlyMemory<float> memory => memory,
        float[] array => array,
        Embedding<float> embedding => embedding.Vector,

        // A plain null would become an empty vector.
        _ => default(ReadOnlyMemory<float>?),
    };

    /// <summary>The moment that a value names.</summary>
    public static DateTimeOffset? AsTime(object? value) => value switch
    {
        DateTimeOffset time => time,
        DateTime { Kind: DateTimeKind.Unspecified } time => new DateTimeOffset(time, TimeSpan.Zero),
        DateTime time => time,
        _ => null,
    };

    private static string? OrNull(string text, PropertyModel property) => text.Length == 0 && property.IsNullable ? null : text;

    private object KeyOf(GalleryRow row) => Convert.ChangeType(row.Id, model.KeyProperty.Type, CultureInfo.InvariantCulture);

    private object VectorOf(GalleryRow row)
    {
        float[] vector = row.Vector.ToArray();
        Type type = model.VectorProperty.Type;
        return type == typeof(float[]) ? vector : type == typeof(Embedding<float>) ? new Embedding<float>(vector) : (object)new ReadOnlyMemory<float>(vector);
    }
}
