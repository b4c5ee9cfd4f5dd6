using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Tercet.Interchange;

/// <summary>
/// What a <c>.npy</c> file says about itself (NumPy Enhancement Proposal 1; versions 1, 2 and 3). Only what the engine can use gets this far:
/// little-endian numbers in C order, of one or two dimensions.
/// </summary>
/// <param name="Type">The element type.</param>
/// <param name="Rank">Number of dimensions, 1 or 2.</param>
/// <param name="Rows">The first dimension.</param>
/// <param name="Columns">The second dimension; 1 when <paramref name="Rank"/> is 1.</param>
/// <param name="DataOffset">Byte of the file where the elements begin.</param>
public sealed record NpyHeader(NpyDataType Type, int Rank, long Rows, long Columns, long DataOffset)
{
    /// <summary>Bytes that <see cref="Format"/> writes, whatever the shape, so that a shape can be filled in afterwards. A multiple of 64, as NumPy wants it.</summary>
    public const int FormattedLength = 128;

    // NumPy's own limit is 10,000 characters; a header that needs more is an attack or another kind of file.
    private const int MaximumLength = 65_536;

    private static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    /// <summary>The shape as NumPy writes it, such as <c>(55, 128)</c> or <c>(55,)</c>.</summary>
    public string ShapeText => Rank == 1
        ? string.Create(CultureInfo.InvariantCulture, $"({Rows},)")
        : string.Create(CultureInfo.InvariantCulture, $"({Rows}, {Columns})");

    /// <summary>Whether bytes begin as a <c>.npy</c> file does.</summary>
    /// <param name="start">The first bytes, 6 or more.</param>
    public static bool IsNpy(ReadOnlySpan<byte> start) => start.StartsWith(Magic);

    /// <summary>The header of a version 1 file, padded to <see cref="FormattedLength"/> bytes.</summary>
    public byte[] Format()
    {
        string text = $"{{'descr': '{Type.Descriptor()}', 'fortran_order': False, 'shape': {ShapeText}, }}";
        byte[] header = new byte[FormattedLength];
        header.AsSpan().Fill((byte)' ');
        Magic.CopyTo(header);
        header[6] = 1;
        header[7] = 0;
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(8), FormattedLength - 10);
        Encoding.ASCII.GetBytes(text, header.AsSpan(10));
        header[^1] = (byte)'\n';
        return header;
    }

    /// <summary>Reads the header of an open file and checks that the file holds exactly the elements it declares. Allocates nothing of their size.</summary>
    /// <param name="file">The file.</param>
    /// <param name="path">Its name, for messages.</param>
    /// <exception cref="InvalidFileException">The header is malformed or declares what cannot be read here, or the length differs.</exception>
    public static NpyHeader Read(SafeFileHandle file, string path)
    {
        ArgumentNullException.ThrowIfNull(file);
        long length = RandomAccess.GetLength(file);
        if (length == 0)
            throw new InvalidFileException(path, "the file is empty");

        Span<byte> start = stackalloc byte[12];
        start = start[..RandomAccess.Read(file, start, 0)];
        if (!IsNpy(start))
            throw new InvalidFileException(path, "not a .npy file (it does not begin with \\x93NUMPY)");
        if (start.Length < 12)
            throw new InvalidFileException(path, "truncated inside the .npy header");
        if (start[6] is < 1 or > 3 || start[7] != 0)
            throw new InvalidFileException(path, $"version {start[6]}.{start[7]} of .npy is not known; 1.0, 2.0 and 3.0 are");

        int textOffset = start[6] == 1 ? 10 : 12;
        uint textLength = start[6] == 1 ? BinaryPrimitives.ReadUInt16LittleEndian(start[8..]) : BinaryPrimitives.ReadUInt32LittleEndian(start[8..]);
        if (textLength > MaximumLength)
            throw new InvalidFileException(path, $"malformed .npy header: it declares {textLength} bytes for itself");
        byte[] text = new byte[textLength];
        if (textOffset + textLength > length || RandomAccess.Read(file, text, textOffset) != text.Length)
            throw new InvalidFileException(path, "truncated inside the .npy header");

        NpyHeader header = NpyHeaderParser.Parse(Encoding.UTF8.GetString(text), textOffset + textLength, path);
        header.CheckLength(length - header.DataOffset, path);
        return header;
    }

    private void CheckLength(long present, string path)
    {
        BigInteger declared = (BigInteger)Rows * Columns * Type.ByteCount();
        if (present == declared)
            return;
        string problem = present < declared ? "truncated" : "there is data after the last element";
        throw new InvalidFileException(path, $"{problem}: shape {ShapeText} of {Type.Descriptor()} takes {declared} bytes, the file holds {present}");
    }
}
