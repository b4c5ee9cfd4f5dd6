namespace Tercet.Train.Data;

/// <summary>What is trained on, and what is only measured.</summary>
/// <param name="Train">The training set.</param>
/// <param name="Validation">The validation set, of other images; null without one.</param>
internal sealed record TrainingData(ImageSet Train, ImageSet? Validation)
{
    /// <summary>Reads both.</summary>
    /// <exception cref="TercetException">A file cannot be used, or the two sets do not go together.</exception>
    public static TrainingData Load(TrainingOptions options)
    {
        ImageSet all = Read(options.Data, options);
        if (options.Validation is { } path)
        {
            ImageSet validation = Read(path, options);
            if ((validation.Channels, validation.Height, validation.Width) != (all.Channels, all.Height, all.Width))
                throw new TercetException($"{path}: its images are {Shape(validation)}, those of {options.Data} {Shape(all)}");
            return new TrainingData(all, Thin(validation, options));
        }

        return options.ValidationIdentities == 0 ? new TrainingData(all, null) : HoldOut(all, options);
    }

    private static ImageSet Read(string path, TrainingOptions options) => path switch
    {
        _ when Directory.Exists(path) => ImageFolder.Read(path, options.Size, options.Grey),
        _ when !File.Exists(path) => throw new TercetException($"{path}: there is no such file or folder"),
        _ when IdxFile.IsImages(path) => IdxFile.Read(path),
        _ => throw new TercetException($"{path}: neither a folder of images nor an IDX file (…images-idx3-ubyte, .gz or not)"),
    };

    /// <summary>Takes whole identities, drawn by the seed, out of the training set: the validation is on faces of people never seen.</summary>
    private static TrainingData HoldOut(ImageSet all, TrainingOptions options)
    {
        long[] identities = [.. all.Labels.ToArray().Distinct()];
        if (options.ValidationIdentities > identities.Length - 2)
            throw new TercetException($"{options.Data}: {options.ValidationIdentities} of its {identities.Length} identities cannot be kept for validation; two at least must be left to train on");
        Draw.Generator(options.Seed, Draw.HoldOut, 0).Shuffle(identities.AsSpan());
        HashSet<long> held = [.. identities.Take(options.ValidationIdentities)];
        int[] rows = [.. Enumerable.Range(0, all.Count)];
        return new TrainingData(
            all.Select([.. rows.Where(row => !held.Contains(all.Labels[row]))]),
            Thin(all.Select([.. rows.Where(row => held.Contains(all.Labels[row]))]), options));
    }

    /// <summary>Keeps as many rows as validation may take, the same number of each identity.</summary>
    private static ImageSet Thin(ImageSet set, TrainingOptions options)
    {
        if (set.Count <= options.ValidationRows)
            return set;
        int each = Math.Max(2, options.ValidationRows / set.Identities);
        int[] order = [.. Enumerable.Range(0, set.Count)];
        Draw.Generator(options.Seed, Draw.Thinning, 0).Shuffle(order.AsSpan());
        Dictionary<long, int> taken = [];
        List<int> kept = [];
        foreach (int row in order)
        {
            int already = taken.GetValueOrDefault(set.Labels[row]);
            if (already == each)
                continue;
            taken[set.Labels[row]] = already + 1;
            kept.Add(row);
        }

        kept.Sort();
        return set.Select([.. kept]);
    }

    private static string Shape(ImageSet set) => $"{set.Channels} × {set.Height} × {set.Width}";
}
