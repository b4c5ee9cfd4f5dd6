namespace Tercet.Backends.Cuda.Driver;

/// <summary>What a device is.</summary>
/// <param name="Ordinal">Its number.</param>
/// <param name="Name">Its name.</param>
/// <param name="ComputeMajor">Major compute capability.</param>
/// <param name="ComputeMinor">Minor compute capability.</param>
/// <param name="Multiprocessors">Number of multiprocessors.</param>
/// <param name="DriverVersion">The newest CUDA that the driver runs, as 1000 × major + 10 × minor.</param>
internal sealed record CudaDevice(int Ordinal, string Name, int ComputeMajor, int ComputeMinor, int Multiprocessors, int DriverVersion);
