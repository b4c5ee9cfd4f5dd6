using System.Text.RegularExpressions;

namespace Tercet.Tests.Architecture;

/// <summary>The arrows of the house, read from the sources.</summary>
public sealed partial class HouseTests
{
    // Data flows one way: image, input, forward, embeddings, mining. A room names only rooms that stand here behind it.
    private static readonly Dictionary<string, string[]> MayName = new()
    {
        ["Memory"] = [],
        ["Threading"] = [],
        ["Interchange"] = ["Memory"],
        ["Imaging"] = ["Memory"],
        ["Forward"] = ["Memory", "Threading", "Imaging"],
        ["Backends"] = ["Memory", "Threading", "Mining", "Search"],
        ["Mining"] = ["Memory", "Backends"],
        ["Search"] = ["Memory", "Mining", "Backends"],
        ["Evaluation"] = ["Memory", "Mining", "Backends", "Search"],
    };

    private static readonly string[] VagueFolders = ["Utils", "Util", "Helpers", "Helper", "Common", "Misc"];

    [Fact]
    public void Rooms_EveryFolder_HasItsPlaceInTheOrder() =>
        Assert.Empty(Paths("src/Tercet", file => file.Room is not null && !MayName.ContainsKey(file.Room)));

    [Fact]
    public void Rooms_EveryMentionOfAnother_FollowsTheArrows()
    {
        string[] broken =
        [
            .. from file in SourceFile.Below("src/Tercet")
               where file.Room is not null && MayName.ContainsKey(file.Room)
               from Match mention in EngineNamespace().Matches(file.Code)
               let named = mention.Groups[1].Value
               where named != file.Room && MayName.ContainsKey(named) && !MayName[file.Room!].Contains(named)
               select $"{file.Path} names Tercet.{named}",
        ];

        Assert.Empty(broken);
    }

    [Fact]
    public void Namespaces_EveryFileOfTheEngine_AreItsRoom() =>
        Assert.Empty(Paths("src/Tercet", file => file.Room is not null && !Regex.IsMatch(file.Code, $@"^namespace Tercet\.{file.Room}(\.\w+)*;", RegexOptions.Multiline)));

    [Fact]
    public void OnnxRuntime_OutsideForward_IsNotNamed() =>
        Assert.Empty(Paths("src", file => file.Room != "Forward" && Names(file, "Microsoft.ML.OnnxRuntime")));

    [Fact]
    public void ManagedCuda_OutsideItsDriver_IsNotNamed() =>
        Assert.Empty(Paths("src", file => file.Path != "src/Tercet.Cuda/Backends/Cuda/Driver/ManagedCudaDriver.cs" && Regex.IsMatch(file.Code, @"\busing ManagedCuda\b|\bManagedCuda\.")));

    [Fact]
    public void Intrinsics_OutsideBackends_AreNotUsed() =>
        Assert.Empty(Paths("src", file => file.Room != "Backends" && Names(file, "System.Runtime.Intrinsics")));

    [Fact]
    public void Unsafe_OutsideMemoryAndBackends_IsNotUsedAndInsideIsExplained()
    {
        Assert.NotEmpty(Paths("src", file => Unsafe().IsMatch(file.Code)));
        Assert.Empty(Paths("src", file => Unsafe().IsMatch(file.Code) && file.Room is not ("Memory" or "Backends")));
        Assert.Empty(Paths("src", file => Unsafe().IsMatch(file.Code) && !file.Text.Contains("// SAFETY:", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("src")]
    [InlineData("tests")]
    [InlineData("bench")]
    public void Files_FolderNamesAndLengths_StayReadable(string folder)
    {
        Assert.Empty(Paths(folder, file => file.Path.Split('/')[..^1].Any(VagueFolders.Contains)));
        Assert.Empty(Paths(folder, file => file.LineCount > 400));
    }

    [Fact]
    public void Files_MedianLengthOfTheSources_IsAtMost120Lines()
    {
        int[] lengths = [.. SourceFile.Below("src").Select(file => file.LineCount).Order()];

        Assert.InRange(lengths[lengths.Length / 2], 1, 120);
    }

    private static string[] Paths(string folder, Func<SourceFile, bool> condition) => [.. SourceFile.Below(folder).Where(condition).Select(file => file.Path)];

    private static bool Names(SourceFile file, string name) => file.Code.Contains(name, StringComparison.Ordinal);

    [GeneratedRegex(@"(?<![\w.])Tercet\.(\w+)")]
    private static partial Regex EngineNamespace();

    [GeneratedRegex(@"\bunsafe\b")]
    private static partial Regex Unsafe();
}
