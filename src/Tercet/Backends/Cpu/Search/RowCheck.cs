namespace Tercet.Backends.Cpu.Search;

/// <summary>Refuses rows that no score can be computed of.</summary>
internal static unsafe class RowCheck
{
    /// <summary>The squared norm of a row that is finite and not too large.</summary>
    /// <exception cref="ArgumentException">It is not.</exception>
    // SAFETY: x is valid for depth floats. Squares of float32 never overflow float64, so the sum is finite exactly where every component is.
    public static double SquaredNorm(float* x, int depth, int row, string parameter)
    {
        double squaredNorm = ExactDistance.Dot(x, x, depth);
        if (squaredNorm <= GalleryRows.LargestNorm * GalleryRows.LargestNorm)
            return squaredNorm;
        for (int column = 0; column < depth; column++)
        {
            if (!float.IsFinite(x[column]))
                throw new ArgumentException($"'{parameter}' has the component {x[column]} at [{row}, {column}]; every component must be finite.", parameter);
        }

        throw new ArgumentException($"'{parameter}' has a norm of {Math.Sqrt(squaredNorm):g3} in row {row}; scale the rows so that no norm is above 2^60.", parameter);
    }
}
