using System.Runtime.InteropServices;
using System.Text;
using Tercet.Backends.Cuda.Driver;

namespace Tercet.Backends.Cuda.Compilation;

/// <summary>The kernels through NVRTC: no headers, host compiler or device are needed, and sources never touch the disk.</summary>
// SAFETY: signatures are those of nvrtc.h, the same in CUDA 12 and 13; strings and arrays outlive the calls they are passed to.
internal sealed unsafe class NvrtcCompiler : IKernelCompiler
{
    private const int LongestLog = 600;

    private readonly nint _library;

    private NvrtcCompiler(nint library)
    {
        _library = library;
        int major = 0, minor = 0, count = 0;
        Check(((delegate* unmanaged<int*, int*, int>)Find("nvrtcVersion"))(&major, &minor), "ask NVRTC for its version");
        Check(((delegate* unmanaged<int*, int>)Find("nvrtcGetNumSupportedArchs"))(&count), "ask NVRTC for its architectures");
        int[] capabilities = new int[count];
        fixed (int* first = capabilities)
            Check(((delegate* unmanaged<int*, int>)Find("nvrtcGetSupportedArchs"))(first), "ask NVRTC for its architectures");
        (Version, Capabilities) = ($"NVRTC {major}.{minor}", capabilities);
    }

    /// <inheritdoc/>
    public string Version { get; }

    /// <inheritdoc/>
    public IReadOnlyList<int> Capabilities { get; }

    /// <summary>Opens NVRTC for a device.</summary>
    /// <param name="path">The library's file; null means that <see cref="NvrtcLibrary"/> looks for it.</param>
    /// <param name="device">The device.</param>
    /// <exception cref="CudaException">There is none, or the file is something else.</exception>
    public static NvrtcCompiler Open(string? path, CudaDevice device) => new(NvrtcLibrary.Load(path, device));

    /// <inheritdoc/>
    public byte[] Compile(KernelSources sources, string architecture)
    {
        List<nint> strings = [];
        nint program = 0;
        try
        {
            nint root = Utf8(strings, sources.Files[KernelSources.Root]);
            nint[] headers = [.. sources.Files.Values.Select(text => Utf8(strings, text))];
            nint[] names = [.. sources.Files.Keys.Select(name => Utf8(strings, name))];
            nint[] options = [.. Options(architecture).Select(option => Utf8(strings, option))];
            fixed (nint* firstHeader = headers, firstName = names, firstOption = options)
            {
                var create = (delegate* unmanaged<nint*, nint, nint, int, nint*, nint*, int>)Find("nvrtcCreateProgram");
                Check(create(&program, root, Utf8(strings, KernelSources.Root), headers.Length, firstHeader, firstName), "hand the kernels to NVRTC");
                var compile = (delegate* unmanaged<nint, int, nint*, int>)Find("nvrtcCompileProgram");
                int status = compile(program, options.Length, firstOption);
                if (status != 0)
                    throw new CudaException($"{Version} could not compile the kernels for {architecture}: {Reason(status)}. {Log(program)}");
            }

            return Output(program, architecture.StartsWith("sm_", StringComparison.Ordinal) ? "CUBIN" : "PTX");
        }
        finally
        {
            if (program != 0)
                _ = ((delegate* unmanaged<nint*, int>)Find("nvrtcDestroyProgram"))(&program);
            strings.ForEach(Marshal.FreeCoTaskMem);
        }
    }

    // As the native build compiles them.
    private static string[] Options(string architecture) => ["--gpu-architecture=" + architecture, "--std=c++17", "-default-device"];

    private static nint Utf8(List<nint> strings, string text)
    {
        nint copy = Marshal.StringToCoTaskMemUTF8(text);
        strings.Add(copy);
        return copy;
    }

    private byte[] Output(nint program, string kind)
    {
        nuint size = 0;
        Check(((delegate* unmanaged<nint, nuint*, int>)Find($"nvrtcGet{kind}Size"))(program, &size), "take the kernels from NVRTC");
        byte[] image = new byte[checked((int)size)];
        fixed (byte* first = image)
            Check(((delegate* unmanaged<nint, byte*, int>)Find($"nvrtcGet{kind}"))(program, first), "take the kernels from NVRTC");
        return image;
    }

    private string Log(nint program)
    {
        nuint size = 0;
        if (((delegate* unmanaged<nint, nuint*, int>)Find("nvrtcGetProgramLogSize"))(program, &size) != 0)
            return string.Empty;
        byte[] log = new byte[(int)size + 1];
        fixed (byte* first = log)
            _ = ((delegate* unmanaged<nint, byte*, int>)Find("nvrtcGetProgramLog"))(program, first);
        string text = Encoding.UTF8.GetString(log).TrimEnd('\0').Trim();
        return text.Length > LongestLog ? text[..LongestLog] + "…" : text;
    }

    private void Check(int status, string attempt)
    {
        if (status != 0)
            throw new CudaException($"Tercet could not {attempt}: {Reason(status)}.");
    }

    private string Reason(int status) => Marshal.PtrToStringUTF8(((delegate* unmanaged<int, nint>)Find("nvrtcGetErrorString"))(status)) ?? $"error {status}";

    private nint Find(string name) => NativeLibrary.TryGetExport(_library, name, out nint function)
        ? function
        : throw new CudaException($"The NVRTC library has no {name}: it is older than CUDA 12, or something else.");
}
