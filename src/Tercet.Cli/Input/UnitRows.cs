using System.Numerics.Tensors;
using CommunityToolkit.HighPerformance;

namespace Tercet.Cli.Input;

/// <summary>Scaling to the unit sphere.</summary>
internal static class UnitRows
{
    /// <summary>Divides every row by its L2 norm; a row of zeros stays as it is.</summary>
    public static void Normalize(Span2D<float> rows)
    {
        for (int i = 0; i < rows.Height; i++)
        {
            Span<float> row = rows.GetRowSpan(i);
            float norm = TensorPrimitives.Norm<float>(row);
            if (norm > 0)
                TensorPrimitives.Divide(row, norm, row);
        }
    }
}
