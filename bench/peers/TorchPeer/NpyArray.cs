using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace TorchPeer;

/// <summary>A little-endian, row-major .npy file as the harness writes them: f4 or i8, one or two dimensions.</summary>
internal sealed record NpyArray(long[] Shape, byte[] Bytes)
{
    public static NpyArray Read(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        int start = 10 + BitConverter.ToUInt16(file, 8);
        string header = System.Text.Encoding.ASCII.GetString(file, 10, start - 10);
        string shape = Regex.Match(header, @"'shape': \(([^)]*)\)").Groups[1].Value;
        return new NpyArray([.. shape.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(long.Parse)], file[start..]);
    }

    public T[] As<T>()
        where T : unmanaged => MemoryMarshal.Cast<byte, T>(Bytes).ToArray();
}
