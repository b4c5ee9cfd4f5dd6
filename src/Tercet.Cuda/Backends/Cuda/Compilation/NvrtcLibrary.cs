using System.Runtime.InteropServices;
using Tercet.Backends.Cuda.Driver;

namespace Tercet.Backends.Cuda.Compilation;

/// <summary>Finds and loads NVIDIA's runtime compiler, which comes with the CUDA toolkit, not with the driver.</summary>
internal static class NvrtcLibrary
{
    /// <summary>The environment variable that names the library's file.</summary>
    public const string Variable = "TERCET_NVRTC";

    private const int OldestMajor = 12;
    private const int NewestMajor = 13;

    /// <summary>Loads the library for a device: machine code of a newer CUDA than the driver's is none that it runs.</summary>
    /// <param name="path">The library's file; null means the one named by <see cref="Variable"/>, else the system's.</param>
    /// <param name="device">The device.</param>
    /// <returns>Its handle, which is kept for the life of the process.</returns>
    /// <exception cref="CudaException">There is none.</exception>
    public static nint Load(string? path, CudaDevice device)
    {
        path ??= Environment.GetEnvironmentVariable(Variable);
        if (!string.IsNullOrEmpty(path))
            return LoadFile(path);
        int newest = Math.Clamp(device.DriverVersion / 1000, OldestMajor, NewestMajor);
        foreach (string candidate in Candidates(newest))
        {
            if (TryLoad(candidate, out nint library))
                return library;
        }

        throw new CudaException(
            $"This build of Tercet.Cuda holds no compiled kernels, and NVRTC {OldestMajor}{(newest > OldestMajor ? $" or {newest}" : string.Empty)}, which would compile them, is not on this machine. " +
            $"Install it (CUDA toolkit, package libnvrtc), name its file in {Variable}, build the kernels (cmake) before the assembly, name a fatbin in {KernelImage.Variable}, or mine on the CPU.");
    }

    /// <summary>Loads a library by its name, or by its path together with the builtins beside it.</summary>
    internal static bool TryLoad(string library, out nint handle)
    {
        // NVRTC loads its builtins by name alone; from a folder that the system does not search, they must be there before.
        if (Path.IsPathRooted(library) && File.Exists(library))
        {
            foreach (string builtins in Directory.EnumerateFiles(Path.GetDirectoryName(library)!, "*nvrtc-builtins*").Order(StringComparer.Ordinal))
                NativeLibrary.TryLoad(builtins, out _);
        }

        return NativeLibrary.TryLoad(library, out handle);
    }

    private static nint LoadFile(string path)
    {
        string full = Path.GetFullPath(path);
        if (!File.Exists(full))
            throw new CudaException($"{full}: no such NVRTC library. Correct {Variable} or {nameof(CudaOptions)}.{nameof(CudaOptions.Nvrtc)}.");

        return TryLoad(full, out nint library) ? library : throw new CudaException($"{full}: this is no library that can be loaded here.");
    }

    private static IEnumerable<string> Candidates(int newest)
    {
        string? toolkit = Environment.GetEnvironmentVariable("CUDA_PATH");
        for (int major = newest; major >= OldestMajor; major--)
        {
            string name = OperatingSystem.IsWindows() ? $"nvrtc64_{major}0_0.dll" : $"libnvrtc.so.{major}";
            yield return name;
            if (!string.IsNullOrEmpty(toolkit))
                yield return Path.Combine(toolkit, OperatingSystem.IsWindows() ? "bin" : "lib64", name);
            if (OperatingSystem.IsWindows())
                continue;
            yield return $"/usr/local/cuda-{major}/lib64/{name}";
            yield return $"/usr/local/cuda/lib64/{name}";
        }
    }
}
