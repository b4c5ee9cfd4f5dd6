using System.Text;
using Tercet.Backends.Cuda;
using Tercet.Backends.Cuda.Compilation;
using Tercet.Tests.Interchange;

namespace Tercet.Tests.Cuda;

/// <summary>Kernels compiled at first use, kept on the disk, and loaded where the build has none for the card.</summary>
public sealed class CompiledKernelsTests : IDisposable
{
    private static readonly KernelSources Sources = new(new Dictionary<string, string> { [KernelSources.Root] = "one", ["header.h"] = "two" });

    private readonly TemporaryFolder _folder = new();
    private readonly CountingCompiler _compiler = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void For_SecondProcess_FindsTheImageInTheCache()
    {
        byte[] first = Kernels().For(SimulatedDriver.Ampere);
        byte[] second = Kernels().For(SimulatedDriver.Ampere);

        Assert.Equal(first, second);
        Assert.Equal(1, _compiler.Calls);
        Assert.Single(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void For_OtherSourcesArchitectureCompilerOrDriver_CompilesAgain()
    {
        Kernels().For(SimulatedDriver.Ampere);
        Kernels(new KernelSources(new Dictionary<string, string> { [KernelSources.Root] = "one", ["header.h"] = "three" })).For(SimulatedDriver.Ampere);
        Kernels().For(SimulatedDriver.Ampere with { ComputeMinor = 6 });
        Kernels().For(SimulatedDriver.Ampere with { DriverVersion = 12080 });
        _compiler.Version = "another";
        Kernels().For(SimulatedDriver.Ampere);

        Assert.Equal(5, _compiler.Calls);
        Assert.Equal(5, Directory.GetFiles(_folder.Path).Length);
    }

    [Theory]
    [InlineData("torn")]
    [InlineData("empty")]
    [InlineData("flipped bit")]
    [InlineData("another key's")]
    public void For_CacheFileThatIsNotWhole_CompilesAndReplacesIt(string damage)
    {
        byte[] image = Kernels().For(SimulatedDriver.Ampere);
        string file = Directory.GetFiles(_folder.Path).Single();
        byte[] content = File.ReadAllBytes(file);
        byte[] damaged = damage switch
        {
            "torn" => content[..^3],
            "empty" => [],
            "flipped bit" => [.. content[..^1], (byte)(content[^1] ^ 1)],
            _ => [(byte)(content[0] ^ 1), .. content[1..]],
        };
        File.WriteAllBytes(file, damaged);

        Assert.Equal(image, Kernels().For(SimulatedDriver.Ampere));
        Assert.Equal(2, _compiler.Calls);
        Assert.Equal(content, File.ReadAllBytes(file));
    }

    [Fact]
    public void For_FolderThatCannotBeWritten_CompilesAllTheSame()
    {
        string file = Path.Combine(_folder.Path, "a file");
        File.WriteAllText(file, string.Empty);
        CompiledKernels kernels = new(Sources, _ => _compiler, new KernelCache(Path.Combine(file, "below")));

        Assert.NotEmpty(kernels.For(SimulatedDriver.Ampere));
        Assert.NotEmpty(kernels.For(SimulatedDriver.Ampere));
        Assert.Equal(2, _compiler.Calls);
    }

    [Theory]
    [InlineData(8, 0, "sm_80")]
    [InlineData(9, 0, "sm_90a")]
    [InlineData(8, 7, "compute_86")]
    [InlineData(12, 0, "compute_90")]
    public void Choose_Device_IsItsMachineCodeOrTheNewestPtxBelow(int major, int minor, string expected) =>
        Assert.Equal(expected, KernelArchitecture.Choose(SimulatedDriver.Ampere with { ComputeMajor = major, ComputeMinor = minor }, _compiler));

    [Fact]
    public void Choose_DeviceOlderThanTheCompiler_Throws() =>
        Assert.Throws<CudaException>(() => KernelArchitecture.Choose(SimulatedDriver.Ampere with { ComputeMajor = 6 }, _compiler));

    [Fact]
    public void Open_EmptyName_KeepsNothing()
    {
        Assert.Null(KernelCache.Open(string.Empty));
        Assert.Equal("there", KernelCache.Open("there")!.Folder);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("a fatbin without the card")]
    public void Load_NoKernelsForTheCard_CompilesThem(string? built)
    {
        SimulatedDriver.SkipUnlessBuilt();
        byte[]? image = built is null ? null : Encoding.ASCII.GetBytes(built);
        SimulatedDriver driver = new() { Fail = (name, bytes) => name == "LoadModule" && bytes == built?.Length ? new CudaException("planned", 209) : null };
        using CudaBackend backend = new(driver, new KernelModule(() => image, Kernels()));

        Assert.Equal(1, _compiler.Calls);
    }

    [Fact]
    public void Load_NoKernelsAndNoCompiler_GivesBothReasonsAndClosesTheDriver()
    {
        SimulatedDriver driver = new() { Fail = (name, _) => name == "LoadModule" ? new CudaException("planned", 209) : null };
        CompiledKernels kernels = new(Sources, _ => throw new CudaException("no compiler"), cache: null);

        CudaException exception = Assert.Throws<CudaException>(() => new CudaBackend(driver, new KernelModule(() => [1], kernels)));

        Assert.Equal(209, exception.Status);
        Assert.Contains("host simulation (compute capability 7.5)", exception.Message, StringComparison.Ordinal);
        Assert.Contains("no compiler", exception.Message, StringComparison.Ordinal);
        Assert.True(driver.IsDisposed);
    }

    private CompiledKernels Kernels(KernelSources? sources = null) => new(sources ?? Sources, _ => _compiler, new KernelCache(_folder.Path));

    private sealed class CountingCompiler : IKernelCompiler
    {
        public int Calls { get; private set; }

        public string Version { get; set; } = "counting 1.0";

        public IReadOnlyList<int> Capabilities => [75, 80, 86, 90];

        public byte[] Compile(KernelSources sources, string architecture)
        {
            Calls++;
            return Encoding.ASCII.GetBytes($"{architecture} {sources.Hash}");
        }
    }
}
