using System.Linq.Expressions;

namespace Tercet.VectorData.Filtering;

/// <summary>Looks whether an expression asks a parameter.</summary>
internal sealed class ParameterSearch(ParameterExpression parameter) : ExpressionVisitor
{
    private bool _found;

    public bool IsIn(Expression node)
    {
        Visit(node);
        return _found;
    }

    protected override Expression VisitParameter(ParameterExpression node)
    {
        _found |= node == parameter;
        return node;
    }
}
