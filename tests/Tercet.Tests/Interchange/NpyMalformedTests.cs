using Tercet.Interchange;

namespace Tercet.Tests.Interchange;

public sealed class NpyMalformedTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, string> BadHeaders => new()
    {
        { "{'descr': '>f4', 'fortran_order': False, 'shape': (2, 2), }", "big-endian" },
        { "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2), }", "Fortran order" },
        { "{'descr': '|O', 'fortran_order': False, 'shape': (2, 2), }", "pickles" },
        { "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2, 2), }", "structured" },
        { "{'descr': '<U8', 'fortran_order': False, 'shape': (2, 2), }", "dtype '<U8' is not read" },
        { "{'descr': '<c8', 'fortran_order': False, 'shape': (2, 2), }", "dtype '<c8' is not read" },
        { "{'descr': '<i4', 'fortran_order': False, 'shape': (2, 2), }", "dtype <i4 where embeddings" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }", "shape (4,) where" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (), }", "0 dimensions" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 2), }", "3 dimensions" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (4), }", "not a tuple" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (-4, -1), }", "not a whole number" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999, 1), }", "not a whole number" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", "truncated: shape (2, 3) of <f4 takes 24 bytes, the file holds 16" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), }", "data after the last element" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000, 1000), }", "truncated" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 9223372036854775807), }", "truncated" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4611686018427387904), }", "truncated" },
        { "{'descr': '<f4', 'fortran_order': False, }", "is missing" },
        { "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)}", "'descr' is unknown or repeated" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), 'extra': 1}", "'extra' is unknown or repeated" },
        { "{'a\nb': '<f4'}", "'a b' is unknown" },
        { "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (2, 2), }", "neither True nor False" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), } import os", "text after" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)", "'}' is missing" },
        { "{'descr': '<f4", "not closed" },
        { "{'descr", "not closed" },
        { "{", "string is missing" },
        { "", "'{' is missing" },
        { "[1, 2]", "'{' is missing" },
    };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(BadHeaders))]
    public void ReadMatrix_BadHeader_SaysWhatIsWrongInOneLine(string header, string expected)
    {
        string path = _folder.Write("bad.npy", Npy.FromHeader(header, new byte[16]));

        InvalidFileException exception = Assert.Throws<InvalidFileException>(() => NpyFile.ReadMatrix(path));

        Assert.StartsWith(path + ": ", exception.Message, StringComparison.Ordinal);
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', exception.Message);
        Assert.Equal(path, exception.Path);
    }

    [Fact]
    public void ReadMatrix_CutAnywhere_IsAlwaysAnInvalidFile()
    {
        byte[] whole = Npy.Bytes("<f4", "(2, 2)", new float[] { 1, 2, 3, 4 });
        for (int length = 0; length < whole.Length; length++)
        {
            string path = _folder.Write("cut.npy", whole[..length]);
            Assert.Throws<InvalidFileException>(() => NpyFile.ReadMatrix(path));
            Assert.Throws<InvalidFileException>(() => NpyFile.MapMatrix(path));
        }
    }

    [Fact]
    public void ReadMatrix_AnyByteOfTheHeaderChanged_NeverFailsOtherwise()
    {
        byte[] whole = Npy.Bytes("<f4", "(2, 2)", new float[] { 1, 2, 3, 4 });
        int refused = 0;
        for (int at = 0; at < whole.Length - 16; at++)
        {
            foreach (byte value in (byte[])[0, 1, (byte)'\'', (byte)'(', (byte)'9', 0xFF])
            {
                byte[] changed = [.. whole];
                changed[at] = value;
                try
                {
                    NpyFile.ReadMatrix(_folder.Write("changed.npy", changed)).Dispose();
                }
                catch (InvalidFileException)
                {
                    refused++;
                }
            }
        }

        Assert.True(refused > whole.Length, $"{refused} of the changed files were refused.");
    }

    [Theory]
    [InlineData(4, 0)]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    public void ReadMatrix_UnknownVersion_NamesIt(byte major, byte minor)
    {
        byte[] bytes = Npy.Bytes("<f4", "(1, 1)", new float[] { 1 });
        (bytes[6], bytes[7]) = (major, minor);
        string path = _folder.Write("v.npy", bytes);

        Assert.Contains($"version {major}.{minor}", Assert.Throws<InvalidFileException>(() => NpyFile.ReadMatrix(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ReadMatrix_HugeHeaderLength_IsRefusedWithoutAllocatingIt()
    {
        byte[] bytes = Npy.Bytes("<f4", "(1, 1)", new float[] { 1 }, version: 2);
        BitConverter.GetBytes(uint.MaxValue).CopyTo(bytes, 8);
        string path = _folder.Write("v.npy", bytes);
        long before = GC.GetAllocatedBytesForCurrentThread();

        Assert.Throws<InvalidFileException>(() => NpyFile.ReadMatrix(path));

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000_000);
    }

    [Fact]
    public void Read_NoNpyFile_SaysSo()
    {
        Assert.Contains("empty", Message(_folder.Write("empty.npy", [])), StringComparison.Ordinal);
        Assert.Contains("not a .npy file", Message(_folder.Write("zip.npy", "PK\x3\x4 and more"u8.ToArray())), StringComparison.Ordinal);
        Assert.Contains("no such file", Message(_folder.File("missing.npy")), StringComparison.Ordinal);
        Assert.Contains("no such file", Message(_folder.File("no/missing.npy")), StringComparison.Ordinal);
        Assert.Contains(_folder.Path, Message(_folder.Path), StringComparison.Ordinal);
    }

    [Fact]
    public void ReadLabels_Floats_AreRefused()
    {
        string path = _folder.Write("l.npy", Npy.Bytes("<f4", "(2,)", new float[] { 1, 2 }));

        Assert.Contains("integer labels", Assert.Throws<InvalidFileException>(() => NpyFile.ReadLabels(path)).Message, StringComparison.Ordinal);
    }

    private static string Message(string path) => Assert.Throws<InvalidFileException>(() => NpyFile.ReadMatrix(path)).Message;
}
