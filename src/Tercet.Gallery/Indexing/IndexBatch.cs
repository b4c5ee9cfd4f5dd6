using Tercet.Forward;

namespace Tercet.Galleries.Indexing;

/// <summary>Some files on their way through the pipeline. A slot of the embedder's input belongs to each, also where it cannot be read.</summary>
internal sealed class IndexBatch(int first, int count)
{
    /// <summary>The first file's place in the list.</summary>
    public int First => first;

    /// <summary>Number of files that stand behind one another in the list.</summary>
    public int Count => count;

    /// <summary>What became of each file.</summary>
    public IndexItem[] Items { get; } = new IndexItem[count];

    /// <summary>The files that are to be embedded.</summary>
    public int Wanted { get; set; }

    /// <summary>Holds the input, until the forward pass is done.</summary>
    public OnnxEmbedder? Embedder { get; set; }

    /// <summary>One row for each wanted file, in their order.</summary>
    public float[] Rows { get; set; } = [];
}
