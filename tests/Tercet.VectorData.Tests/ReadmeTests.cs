using Microsoft.Extensions.VectorData;
using Tercet.Tests;

namespace Tercet.VectorData.Tests;

/// <summary>The README's example is code that runs: the lines between the markers below stand in it word for word.</summary>
public sealed class ReadmeTests : IDisposable
{
    private readonly TestStore _test = new();

    public void Dispose() => _test.Dispose();

    [Fact]
    public async Task Example_Run_FindsTheFace()
    {
        float[] embedding = [1, 2, 3], query = [1, 2, 3];
        using var store = new GalleryVectorStore(_test.Folder);
        using StringWriter output = new();
        TextWriter standard = Console.Out;
        Console.SetOut(output);
        try
        {
            // README
            VectorStoreCollection<long, Face> faces = store.GetCollection<long, Face>("faces");
            await faces.EnsureCollectionExistsAsync();
            await faces.UpsertAsync(new Face { Key = 7, Person = "ann", Vector = embedding });
            await foreach (VectorSearchResult<Face> found in faces.SearchAsync(query, top: 10, new() { Filter = face => face.Person == "ann" }))
                Console.WriteLine($"{found.Record.Key} {found.Score}");
            // README
        }
        finally
        {
            Console.SetOut(standard);
        }

        Assert.Equal("7 0", output.ToString().Trim());
    }

    [Fact]
    public void Example_InTheReadme_IsTheCodeAbove()
    {
        string source = File.ReadAllText(Path.Combine(Repository.Root, "tests", "Tercet.VectorData.Tests", "ReadmeTests.cs"));
        string readme = File.ReadAllText(Path.Combine(Repository.Root, "README.md"));
        Assert.All(source.Split("            // README\n")[1].Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.Contains(line.Trim(), readme, StringComparison.Ordinal));
    }
}
