namespace Tercet.Galleries.Tests;

/// <summary>Changes bytes at random, in the ways in which files of this kind go wrong.</summary>
internal sealed class Mutator(int seed)
{
    private static readonly ulong[] Telling = [0, 1, 127, 128, 255, 256, 32767, 65535, 65536, int.MaxValue, uint.MaxValue, long.MaxValue, ulong.MaxValue, 0x7F800000, 0x7FC00000, 0xFF800000];

    /// <summary>Makes all choices.</summary>
    public Random Random { get; } = new(seed);

    /// <summary>Changes a text: flipped bits, other characters of JSON, parts copied over others, cut out or put in twice, and cut ends.</summary>
    public byte[] Text(byte[] content)
    {
        byte[] changed = [.. content];
        int kind = Random.Next(4);
        for (int times = Random.Next(1, 5); times > 0; times--)
        {
            int at = Random.Next(changed.Length);
            switch (kind)
            {
                case 0:
                    changed[at] ^= (byte)(1 << Random.Next(8));
                    break;
                case 1:
                    changed[at] = (byte)"0123456789-.e\"{}[],:"[Random.Next(20)];
                    break;
                case 2:
                    Copy(changed, at);
                    break;
                default:
                    changed = Random.Next(2) == 0 ? changed[..Math.Max(1, at)] : [.. changed[..at], .. changed[Random.Next(changed.Length)..]];
                    break;
            }
        }

        return changed;
    }

    /// <summary>Changes numbers where they lie, without a change of length: flipped bits, telling values of 4 or 8 bytes, parts copied over others.</summary>
    public void Numbers(byte[] content)
    {
        for (int times = Random.Next(1, 5); times > 0; times--)
        {
            int at = Random.Next(content.Length);
            switch (Random.Next(4))
            {
                case 0:
                    content[at] ^= (byte)(1 << Random.Next(8));
                    break;
                case 1:
                    content[at] = (byte)Random.Next(256);
                    break;
                case 2:
                    Copy(content, at);
                    break;
                default:
                    int size = 4 << Random.Next(2);
                    if ((at &= -size) + size <= content.Length)
                        BitConverter.GetBytes(Telling[Random.Next(Telling.Length)]).AsSpan(0, size).CopyTo(content.AsSpan(at));
                    break;
            }
        }
    }

    private void Copy(byte[] bytes, int from)
    {
        int length = Random.Next(Math.Min(40, bytes.Length - from));
        Array.Copy(bytes, from, bytes, Random.Next(bytes.Length - length), length);
    }
}
