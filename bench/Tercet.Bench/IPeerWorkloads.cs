namespace Tercet.Bench;

/// <summary>Calls of ours by name, over data read from files, that the comparison with other libraries times and checks.</summary>
internal interface IPeerWorkloads : IDisposable
{
    /// <summary>What the calls run on.</summary>
    string Backend { get; }

    /// <summary>The workload: one call of it returns how many results it has.</summary>
    /// <exception cref="ArgumentException">There is none of that name.</exception>
    Func<long> this[string name] { get; }

    /// <summary>Runs a workload and writes its results' rows as raw 64-bit integers; returns how many results.</summary>
    long Write(string name, string path);
}
