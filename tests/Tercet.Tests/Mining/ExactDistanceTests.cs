using Tercet.Backends.Cpu;

namespace Tercet.Tests.Mining;

public sealed class ExactDistanceTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(39)]
    [InlineData(128)]
    public void AddFour_AnyDepth_GivesTheBitsOfOneRowAfterTheOther(int depth)
    {
        var random = new Random(depth);
        float[][] rows = [.. Enumerable.Range(0, 4).Select(_ => Enumerable.Range(0, depth).Select(_ => (float)((random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-6, 7)))).ToArray())];
        double[] sum = [.. Enumerable.Range(0, depth).Select(_ => random.NextDouble())];
        double[] expectedSum = [.. sum];
        double[] squares = new double[4];

        ExactDistance.AddFour(rows[0], rows[1], rows[2], rows[3], sum, squares);

        for (int row = 0; row < 4; row++)
        {
            ExactDistance.Add(rows[row], expectedSum);
            Assert.Equal(ExactDistance.Dot(rows[row], rows[row]), squares[row]);
        }

        Assert.Equal(expectedSum, sum);
    }
}
