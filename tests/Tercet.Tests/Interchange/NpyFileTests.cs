using CommunityToolkit.HighPerformance;
using Tercet.Interchange;
using Tercet.Memory;

namespace Tercet.Tests.Interchange;

public sealed class NpyFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void ReadMatrix_EveryVersionOfF4_GivesTheValues(int version)
    {
        string path = _folder.Write("e.npy", Npy.Bytes("<f4", "(2, 3)", new float[] { 1, 2, 3, 4, 5, float.NaN }, version));

        using PinnedMatrix matrix = NpyFile.ReadMatrix(path);

        Assert.Equal((2, 3), (matrix.Rows, matrix.Columns));
        Assert.Equal(new float[] { 1, 2, 3, 4, 5, float.NaN }, matrix.Buffer.Span.ToArray());
        Assert.Equal(6f, matrix.Span[1, 1] + matrix.Span[0, 0]);
    }

    [Fact]
    public void ReadMatrix_F8AndF2_AreRoundedToFloat()
    {
        double[] doubles = [0.1, -2.5, 1e300, 3];
        Half[] halves = [(Half)0.5, (Half)(-2), Half.PositiveInfinity, (Half)3];

        using PinnedMatrix fromDouble = NpyFile.ReadMatrix(_folder.Write("d.npy", Npy.Bytes("<f8", "(4, 1)", doubles)));
        using PinnedMatrix fromHalf = NpyFile.ReadMatrix(_folder.Write("h.npy", Npy.Bytes("<f2", "(2, 2)", halves)));

        Assert.Equal([0.1f, -2.5f, float.PositiveInfinity, 3f], fromDouble.Buffer.Span.ToArray());
        Assert.Equal([0.5f, -2f, float.PositiveInfinity, 3f], fromHalf.Buffer.Span.ToArray());
    }

    [Fact]
    public void ReadMatrix_F8LongerThanAChunk_ConvertsEveryElement()
    {
        double[] values = Enumerable.Range(0, 100_003).Select(i => i * 0.5).ToArray();

        using PinnedBufferPool pool = new();
        using PinnedMatrix matrix = NpyFile.ReadMatrix(_folder.Write("d.npy", Npy.Bytes("<f8", "(100003, 1)", values)), pool);

        Assert.Equal(values.Select(v => (float)v), matrix.Buffer.Span.ToArray());
    }

    [Fact]
    public void WriteMatrix_StridedView_IsReadAndMappedBackAndIsWhatNumPyWrites()
    {
        float[,] whole = { { 1, 2, 3, 99 }, { 4, 5, 6, 99 } };
        string path = _folder.File("e.npy");

        NpyFile.WriteMatrix(path, new ReadOnlySpan2D<float>(whole).Slice(0, 0, 2, 3));

        using PinnedMatrix read = NpyFile.ReadMatrix(path);
        using MappedMatrix mapped = NpyFile.MapMatrix(path);
        Assert.Equal([1, 2, 3, 4, 5, 6], read.Buffer.Span.ToArray());
        Assert.Equal(read.Buffer.Span.ToArray(), mapped.Span.ToArray().Cast<float>());
        Assert.Equal(Npy.Bytes("<f4", "(2, 3)", new float[] { 1, 2, 3, 4, 5, 6 }), PlainHeader(path));
        Assert.Equal(["e.npy"], Directory.GetFiles(_folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void MapMatrix_AfterDispose_Throws()
    {
        string path = _folder.Write("e.npy", Npy.Bytes("<f4", "(1, 2)", new float[] { 1, 2 }));
        MappedMatrix mapped = NpyFile.MapMatrix(path);
        mapped.Dispose();
        mapped.Dispose();

        Assert.Throws<ObjectDisposedException>(() => mapped.Span.Height);
    }

    [Fact]
    public void MapMatrix_NoRows_GivesAnEmptyView()
    {
        using MappedMatrix mapped = NpyFile.MapMatrix(_folder.Write("e.npy", Npy.Bytes("<f4", "(0, 7)", Array.Empty<float>())));

        Assert.Equal(0, mapped.Span.Height);
        Assert.Equal((0, 7), (mapped.Rows, mapped.Columns));
    }

    [Fact]
    public void MapMatrix_F8_IsRefused()
    {
        string path = _folder.Write("e.npy", Npy.Bytes("<f8", "(1, 1)", new double[] { 1 }));

        Assert.Contains("only f4", Assert.Throws<InvalidFileException>(() => NpyFile.MapMatrix(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ReadLabels_EveryIntegerType_GivesTheValues()
    {
        Assert.Equal([-1, 127], Read("|i1", new sbyte[] { -1, 127 }));
        Assert.Equal([-1, 127], Read("<i1", new sbyte[] { -1, 127 }));
        Assert.Equal([-300, 300], Read("<i2", new short[] { -300, 300 }));
        Assert.Equal([-70_000, 7], Read("<i4", new[] { -70_000, 7 }));
        Assert.Equal([long.MinValue, 7], Read("<i8", new[] { long.MinValue, 7 }));
        Assert.Equal([255, 7], Read("|u1", new byte[] { 255, 7 }));
        Assert.Equal([65_535, 7], Read("<u2", new ushort[] { 65_535, 7 }));
        Assert.Equal([4_294_967_295, 7], Read("<u4", new uint[] { 4_294_967_295, 7 }));
        Assert.Equal([long.MaxValue, 7], Read("<u8", new ulong[] { long.MaxValue, 7 }));
    }

    [Fact]
    public void ReadLabels_U8AboveTheRange_NamesTheRow()
    {
        string path = _folder.Write("l.npy", Npy.Bytes("<u8", "(2,)", new ulong[] { 1, 1UL << 63 }));

        Assert.Contains("9223372036854775808 at row 1", Assert.Throws<InvalidFileException>(() => NpyFile.ReadLabels(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ReadLabels_OneColumn_IsTakenAndTwoAreNot()
    {
        Assert.Equal([5, 6], NpyFile.ReadLabels(_folder.Write("a.npy", Npy.Bytes("<i8", "(2, 1)", new long[] { 5, 6 }))));
        string wide = _folder.Write("b.npy", Npy.Bytes("<i8", "(1, 2)", new long[] { 5, 6 }));
        Assert.Contains("(1, 2)", Assert.Throws<InvalidFileException>(() => NpyFile.ReadLabels(wide)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WriteLabelsAndInt64_AreReadBack()
    {
        NpyFile.WriteLabels(_folder.File("l.npy"), [3, -1, long.MaxValue]);
        NpyFile.WriteInt64(_folder.File("t.npy"), new long[,] { { 1, 2, 3 }, { 4, 5, 6 } });

        Assert.Equal([3, -1, long.MaxValue], NpyFile.ReadLabels(_folder.File("l.npy")));
        Assert.Equal(Npy.Bytes("<i8", "(2, 3)", new long[] { 1, 2, 3, 4, 5, 6 }), PlainHeader(_folder.File("t.npy")));
    }

    [Fact]
    public void WriteMatrix_NoColumns_IsTheCallersMistake() =>
        Assert.Throws<ArgumentException>(() => NpyFile.WriteMatrix(_folder.File("e.npy"), new float[3, 0]));

    private long[] Read<T>(string descriptor, T[] values)
        where T : unmanaged =>
        NpyFile.ReadLabels(_folder.Write("l.npy", Npy.Bytes(descriptor, "(2,)", values)));

    // The engine pads every header to 128 bytes, the test's own writer to the next 64: compare without the padding.
    private static byte[] PlainHeader(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        Assert.Equal(118, BitConverter.ToUInt16(bytes, 8));
        Assert.Equal((byte)'\n', bytes[127]);
        string text = System.Text.Encoding.ASCII.GetString(bytes, 10, 118).Trim();
        return Npy.FromHeader(text, bytes[128..]);
    }
}
