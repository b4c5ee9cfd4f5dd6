using System.Security.Cryptography;
using static TorchSharp.torch;

namespace Tercet.Train.Checkpoints;

/// <summary>A network's parameters and buffers as bytes, in the order of their names.</summary>
internal static class Weights
{
    public static byte[] Save(nn.Module network)
    {
        using MemoryStream stream = new();
        foreach ((_, Tensor tensor) in Ordered(network))
            stream.Write(tensor.bytes);
        return stream.ToArray();
    }

    /// <exception cref="InvalidDataException">The bytes are those of another network.</exception>
    public static void Load(nn.Module network, ReadOnlySpan<byte> bytes)
    {
        foreach ((string name, Tensor tensor) in Ordered(network))
        {
            Span<byte> target = tensor.bytes;
            if (bytes.Length < target.Length)
                throw new InvalidDataException($"the weights end before {name}");
            bytes[..target.Length].CopyTo(target);
            bytes = bytes[target.Length..];
        }

        if (!bytes.IsEmpty)
            throw new InvalidDataException($"{bytes.Length} bytes of weights are left over");
    }

    /// <summary>Digest of the weights: two runs that agree in it agree in every bit.</summary>
    public static string Digest(nn.Module network) => Convert.ToHexStringLower(SHA256.HashData(Save(network)));

    private static IEnumerable<(string Name, Tensor Tensor)> Ordered(nn.Module network) =>
        network.state_dict().OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => (entry.Key, entry.Value));
}
