using System.Runtime.InteropServices;

namespace Tercet.Backends.Cuda.Driver;

/// <summary>Calls on a stream in their order, with the parameters of their launches, and the graph that was made of them.</summary>
internal sealed class HeldSequence
{
    /// <summary>The calls.</summary>
    public List<StreamCall> Calls { get; } = [];

    /// <summary>The launches' parameter structs, one after another.</summary>
    public List<byte> Parameters { get; } = [];

    /// <summary>The graph; 0 where there is none.</summary>
    public nint Graph { get; set; }

    /// <summary>Whether no graph could be made of the calls.</summary>
    public bool IsRefused { get; set; }

    /// <summary>Whether the calls are another's.</summary>
    public bool IsSameAs(HeldSequence other) =>
        CollectionsMarshal.AsSpan(Calls).SequenceEqual(CollectionsMarshal.AsSpan(other.Calls))
        && CollectionsMarshal.AsSpan(Parameters).SequenceEqual(CollectionsMarshal.AsSpan(other.Parameters));

    /// <summary>Takes another's calls. The graph must have been given back.</summary>
    public void Take(HeldSequence other)
    {
        Clear();
        Calls.AddRange(CollectionsMarshal.AsSpan(other.Calls));
        Parameters.AddRange(CollectionsMarshal.AsSpan(other.Parameters));
        IsRefused = false;
    }

    /// <summary>Forgets the calls.</summary>
    public void Clear()
    {
        Calls.Clear();
        Parameters.Clear();
    }
}
