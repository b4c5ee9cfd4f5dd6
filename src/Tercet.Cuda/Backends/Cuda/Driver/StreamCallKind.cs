namespace Tercet.Backends.Cuda.Driver;

/// <summary>What a <see cref="StreamCall"/> does.</summary>
internal enum StreamCallKind
{
    /// <summary>Copies to the device.</summary>
    ToDevice,

    /// <summary>Copies to the host.</summary>
    ToHost,

    /// <summary>Fills words.</summary>
    Fill,

    /// <summary>Launches a kernel.</summary>
    Launch,
}
