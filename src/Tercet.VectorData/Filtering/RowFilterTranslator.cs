using System.Collections;
using System.Linq.Expressions;
using System.Text;
using Microsoft.Extensions.VectorData.ProviderServices;
using Microsoft.Extensions.VectorData.ProviderServices.Filter;
using Tercet.Galleries;
using Tercet.VectorData.Records;

namespace Tercet.VectorData.Filtering;

/// <summary>
/// Filter expressions to conditions on a gallery's rows: equality of texts, order of keys and times, membership in a list, and what <c>&amp;&amp;</c>, <c>||</c> and <c>!</c>
/// make of them. No code is made at run time.
/// </summary>
internal sealed class RowFilterTranslator : FilterTranslatorBase
{
    /// <exception cref="NotSupportedException">A gallery cannot filter by this.</exception>
    public RowFilter Translate(LambdaExpression filter, CollectionModel model) =>
        Translate(PreprocessFilter(filter, model, new FilterPreprocessingOptions { SupportsParameterization = false }));

    private RowFilter Translate(Expression node)
    {
        switch (node)
        {
            case ConstantExpression { Value: bool always }:
                return new RowFilter(_ => always);
            case UnaryExpression { NodeType: ExpressionType.Not, Operand: var inner }:
                Func<GalleryRow, bool> positive = Translate(inner).Passes;
                return new RowFilter(row => !positive(row));
            case UnaryExpression { NodeType: ExpressionType.Convert, Operand: var inner } when inner.Type == typeof(bool):
                return Translate(inner);
            case BinaryExpression { NodeType: ExpressionType.AndAlso or ExpressionType.OrElse } pair:
                Func<GalleryRow, bool> left = Translate(pair.Left).Passes, right = Translate(pair.Right).Passes;
                return new RowFilter(pair.NodeType == ExpressionType.AndAlso ? row => left(row) && right(row) : row => left(row) || right(row));
            case BinaryExpression comparison when TryBind(comparison.Left, out PropertyModel property):
                return Compare(comparison.NodeType, property, ValueOf(comparison.Right));
            case BinaryExpression comparison when TryBind(comparison.Right, out PropertyModel property):
                return Compare(Mirrored(comparison.NodeType), property, ValueOf(comparison.Left));
            case MethodCallExpression call when TryMatchContains(call, out Expression? source, out Expression? item) && TryBind(item!, out PropertyModel property):
                Func<GalleryRow, bool>[] choices = [.. ListOf(source!).Select(value => Compare(ExpressionType.Equal, property, value).Passes)];
                return new RowFilter(row => Array.Exists(choices, choice => choice(row)));
            default:
                throw NotSupported(node);
        }
    }

    private bool TryBind(Expression node, out PropertyModel property)
    {
        if (TryBindProperty(node, out PropertyModel? found) && found is not null)
        {
            property = found;
            return true;
        }

        property = null!;
        return false;
    }

    // Whatever does not ask the record is a value.
    private object? ValueOf(Expression node)
    {
        switch (node)
        {
            case ConstantExpression constant:
                return constant.Value;
            case MethodCallExpression { Method.Name: "op_Implicit", Arguments: [{ Type.IsArray: true } array] }:
                return ValueOf(array);
            case UnaryExpression { NodeType: ExpressionType.Convert, Operand: { } inner } when Nullable.GetUnderlyingType(node.Type) == inner.Type:
                return ValueOf(inner);
            default:
                if (new ParameterSearch(RecordParameter).IsIn(node))
                    throw NotSupported(node);
                return Expression.Lambda<Func<object?>>(Expression.Convert(node, typeof(object))).Compile(preferInterpretation: true)();
        }
    }

    private IEnumerable<object?> ListOf(Expression source) => ValueOf(source) is IEnumerable values ? values.Cast<object?>() : throw NotSupported(source);

    private static RowFilter Compare(ExpressionType comparison, PropertyModel property, object? value)
    {
        if (property is KeyPropertyModel)
        {
            if (value is null)
                return new RowFilter(_ => comparison == ExpressionType.NotEqual);
            Int128 wanted = value switch
            {
                long number => number,
                int number => number,
                ulong number => number,
                _ => throw new NotSupportedException($"The key '{property.ModelName}' cannot be compared with a {value.GetType().Name}."),
            };
            return new RowFilter(Ordered(comparison, row => ((Int128)row.Id).CompareTo(wanted)));
        }

        return property.StorageName switch
        {
            RowColumn.Label => Equality(comparison, property, value, static row => row.LabelUtf8) is var passes && comparison == ExpressionType.Equal
                ? new RowFilter(passes, (string?)value ?? "")
                : new RowFilter(passes),
            RowColumn.Source => new RowFilter(Equality(comparison, property, value, static row => row.SourceUtf8)),
            RowColumn.Time => new RowFilter(CompareTimes(comparison, property, value)),
            _ => throw new NotSupportedException($"The property '{property.ModelName}' cannot be filtered by: a gallery does not compare digests."),
        };
    }

    private static Func<GalleryRow, bool> Equality(ExpressionType comparison, PropertyModel property, object? value, TextOf textOf)
    {
        if (comparison is not (ExpressionType.Equal or ExpressionType.NotEqual) || value is not (null or string))
            throw new NotSupportedException($"The property '{property.ModelName}' can only be compared for equality with a text, not by {comparison}.");
        byte[] wanted = Encoding.UTF8.GetBytes((string?)value ?? "");
        bool equal = comparison == ExpressionType.Equal;
        return row => textOf(row).SequenceEqual(wanted) == equal;
    }

    private static Func<GalleryRow, bool> CompareTimes(ExpressionType comparison, PropertyModel property, object? value)
    {
        bool equality = comparison is ExpressionType.Equal or ExpressionType.NotEqual;
        if (value is null)
        {
            bool wantsNone = comparison == ExpressionType.Equal;
            return row => equality && (row.Time == DateTimeOffset.UnixEpoch) == wantsNone;
        }

        if (RecordMapper<object>.AsTime(value) is not { } time)
            throw new NotSupportedException($"The property '{property.ModelName}' cannot be compared with a {value.GetType().Name}.");

        // Rows keep whole milliseconds, so the same must be left of what they are compared with.
        DateTimeOffset wanted = DateTimeOffset.FromUnixTimeMilliseconds(time.ToUnixTimeMilliseconds());
        Func<GalleryRow, bool> passes = Ordered(comparison, row => row.Time.CompareTo(wanted));
        return property.IsNullable && !equality ? row => row.Time != DateTimeOffset.UnixEpoch && passes(row) : passes;
    }

    private static Func<GalleryRow, bool> Ordered(ExpressionType comparison, Func<GalleryRow, int> compare) => comparison switch
    {
        ExpressionType.Equal => row => compare(row) == 0,
        ExpressionType.NotEqual => row => compare(row) != 0,
        ExpressionType.LessThan => row => compare(row) < 0,
        ExpressionType.LessThanOrEqual => row => compare(row) <= 0,
        ExpressionType.GreaterThan => row => compare(row) > 0,
        ExpressionType.GreaterThanOrEqual => row => compare(row) >= 0,
        _ => throw new NotSupportedException($"A filter cannot hold the operation {comparison}."),
    };

    private static ExpressionType Mirrored(ExpressionType comparison) => comparison switch
    {
        ExpressionType.LessThan => ExpressionType.GreaterThan,
        ExpressionType.LessThanOrEqual => ExpressionType.GreaterThanOrEqual,
        ExpressionType.GreaterThan => ExpressionType.LessThan,
        ExpressionType.GreaterThanOrEqual => ExpressionType.LessThanOrEqual,
        _ => comparison,
    };

    private static NotSupportedException NotSupported(Expression node) =>
        new($"A gallery cannot filter by '{node}': it compares the key, texts and times of a record with values, and joins that with &&, || and !.");

    private delegate ReadOnlySpan<byte> TextOf(GalleryRow row);
}
