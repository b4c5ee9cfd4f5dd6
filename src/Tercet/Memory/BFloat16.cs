namespace Tercet.Memory;

/// <summary>A bfloat16: the upper half of a float32. Holds the bits and converts; it has no arithmetic.</summary>
public readonly record struct BFloat16
{
    private BFloat16(ushort bits) => Bits = bits;

    /// <summary>Sign, exponent of 8 bits, mantissa of 7.</summary>
    public ushort Bits { get; }

    /// <summary>The value of some bits.</summary>
    public static BFloat16 FromBits(ushort bits) => new(bits);

    /// <summary>The nearest value, ties to the even mantissa; NaN stays NaN, and what is beyond the largest becomes infinite.</summary>
    public static explicit operator BFloat16(float value) => FromSingle(value);

    /// <summary>The same value, exactly.</summary>
    public static implicit operator float(BFloat16 value) => value.ToSingle();

    /// <summary>The same as the operator.</summary>
    public static BFloat16 FromSingle(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value) ? new BFloat16((ushort)((bits >> 16) | 0x40)) : new BFloat16((ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16));
    }

    /// <summary>The same as the operator.</summary>
    public float ToSingle() => BitConverter.UInt32BitsToSingle((uint)Bits << 16);

    /// <inheritdoc/>
    public override string ToString() => ToSingle().ToString(System.Globalization.CultureInfo.InvariantCulture);
}
