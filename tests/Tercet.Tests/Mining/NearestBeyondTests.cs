using Tercet.Backends.Cpu;
using Tercet.Mining;

namespace Tercet.Tests.Mining;

public sealed unsafe class NearestBeyondTests
{
    [Theory]
    [InlineData(1.25f, NearestBeyond.Unsure)]
    [InlineData(1.2500001f, 0)]
    public void Find_KeyAtTheEndOfANearTie_IsNotSurelyFarther(float other, int expected)
    {
        float* keys = stackalloc float[16];
        new Span<float>(keys, 16).Fill(float.MaxValue);
        (keys[0], keys[1]) = (1, other);
        double* distances = stackalloc double[1 + ThresholdEdges.Padding];
        distances[0] = 0.5;
        int* found = stackalloc int[2];
        float* limits = stackalloc float[2];
        using ThresholdEdges edges = new();
        edges.Load(DistanceMetric.SquaredEuclidean, new ReadOnlySpan<double>(distances, 1), tolerance: 0);
        using NearestBeyond nearest = new(new BlockFold<LanesScalar, FourFloats>());

        nearest.Find(keys, 2, edges, nearTie: 0.25f, found, limits);

        Assert.Equal((expected, expected), (found[0], found[1]));
        Assert.Equal((1.25f, 1.25f), (limits[0], limits[1]));
    }
}
