namespace Tercet.Tests;

/// <summary>Where the tests' own repository lies, and what its cache holds.</summary>
internal static class Repository
{
    /// <summary>The folder that holds Engine.sln.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The folder of the fetched model and faces: <c>TERCET_CACHE</c>, or <c>.cache/tercet</c> below the root. The test is skipped where they are missing.</summary>
    public static string RequireAssets()
    {
        string cache = Environment.GetEnvironmentVariable("TERCET_CACHE") ?? Path.Combine(Root, ".cache", "tercet");
        Assert.SkipUnless(
            File.Exists(Path.Combine(cache, "sface.onnx")) && Directory.Exists(Path.Combine(cache, "faces")),
            $"{cache} has no sface.onnx and no faces; bench/assets.sh fetches them.");
        return cache;
    }

    private static string FindRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Engine.sln")))
            folder = Path.GetDirectoryName(folder);
        return folder ?? throw new InvalidOperationException($"Engine.sln is not above {AppContext.BaseDirectory}.");
    }
}
