using System.Runtime.InteropServices;
using System.Text;

namespace Tercet.Tests.Interchange;

/// <summary>Makes .npy files byte by byte, as NumPy's format description says, without the code under test.</summary>
internal static class Npy
{
    internal static byte[] Bytes<T>(string descriptor, string shape, T[] values, int version = 1, string order = "False")
        where T : unmanaged =>
        FromHeader($"{{'descr': '{descriptor}', 'fortran_order': {order}, 'shape': {shape}, }}", MemoryMarshal.AsBytes(values.AsSpan()).ToArray(), version);

    internal static byte[] FromHeader(string text, byte[] data, int version = 1)
    {
        int prefix = version == 1 ? 10 : 12;
        int padding = (64 - ((prefix + text.Length + 1) % 64)) % 64;
        byte[] header = Encoding.UTF8.GetBytes(text + new string(' ', padding) + "\n");
        byte[] length = version == 1 ? BitConverter.GetBytes((ushort)header.Length) : BitConverter.GetBytes((uint)header.Length);
        return [0x93, .. "NUMPY"u8, (byte)version, 0, .. length, .. header, .. data];
    }
}
