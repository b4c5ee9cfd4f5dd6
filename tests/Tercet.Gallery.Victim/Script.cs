using System.Globalization;

namespace Tercet.Galleries.Victim;

/// <summary>What is done to a gallery, step by step. A step follows from its number alone and ends with a commit; the row of id 0 says which was the last.</summary>
public static class Script
{
    public const int Dimension = 24;

    /// <summary>So few rows that most segments have cells.</summary>
    public const int CellsFrom = 200;

    private const int CompactEvery = 23;
    private const int Ids = 4000;

    public static GallerySchema Schema => new() { Dimension = Dimension };

    /// <summary>The last step that a gallery has; 0 where it has none.</summary>
    public static int StepOf(GalleryWriter writer)
    {
        using GallerySnapshot snapshot = writer.Snapshot();
        return StepOf(snapshot);
    }

    /// <inheritdoc cref="StepOf(GalleryWriter)"/>
    public static int StepOf(GallerySnapshot snapshot) => snapshot.TryGet(0, out GalleryRow row) ? int.Parse(row.Label, CultureInfo.InvariantCulture) : 0;

    /// <summary>Adds, replaces and removes some rows, commits, and now and then compacts.</summary>
    public static void Do(GalleryWriter writer, int step)
    {
        Random random = new(step);
        float[] vector = new float[Dimension];
        for (int i = random.Next(1, 120); i > 0; i--)
        {
            long id = random.Next(1, Ids);
            if (random.Next(4) == 0)
            {
                writer.Remove(id);
                continue;
            }

            for (int k = 0; k < vector.Length; k++)
                vector[k] = random.NextSingle();
            writer.Put(id, vector, new GalleryRowFacts { Label = id.ToString(CultureInfo.InvariantCulture), Source = string.Create(CultureInfo.InvariantCulture, $"step {step}") });
        }

        writer.Put(0, vector, new GalleryRowFacts { Label = step.ToString(CultureInfo.InvariantCulture) });
        writer.Commit();
        if (step % CompactEvery == 0)
            writer.Compact();
    }
}
