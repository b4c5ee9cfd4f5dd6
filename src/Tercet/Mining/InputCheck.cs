using Tercet.Memory;

namespace Tercet.Mining;

/// <summary>Refuses what no mining call can work on; each message names the parameter, the row and the value.</summary>
internal static class InputCheck
{
    public static void Validate(MiningInput input)
    {
        string rows = input.IsSquare ? "embeddings" : "anchors";
        (int Rows, int Columns) anchors = input.AnchorShape, gallery = input.GalleryShape;
        ValidateShape(anchors.Rows, anchors.Columns, input.AnchorLabels.Length, rows, input.IsSquare ? "labels" : "anchorLabels");
        DeviceMatrix resident = input.Resident;
        if (!resident.IsEmpty && (resident.Rows, resident.Columns) != anchors)
            throw Invalid(nameof(resident), $"'resident' is [{resident.Rows}, {resident.Columns}]; it must be the embeddings' [{anchors.Rows}, {anchors.Columns}].");
        if (input.IsSquare)
            return;
        ValidateShape(gallery.Rows, gallery.Columns, input.GalleryLabels.Length, "gallery", "galleryLabels");
        if (anchors.Columns != gallery.Columns)
            throw Invalid("gallery", $"'anchors' has {anchors.Columns} columns and 'gallery' {gallery.Columns}; they must agree.");
        ValidateAnchorRows(input);
    }

    public static void Validate(MiningOptions options)
    {
        if (!(options.Margin >= 0) || !double.IsFinite(options.Margin))
            throw new ArgumentException($"'Margin' is {options.Margin}; it must be finite and not negative.", nameof(options));
        if (options.Threads < 0)
            throw new ArgumentException($"'Threads' is {options.Threads}; use 0 for every processor.", nameof(options));
        if (!(options.CollapseThreshold >= 0))
            throw new ArgumentException($"'CollapseThreshold' is {options.CollapseThreshold}; it must not be negative.", nameof(options));
        if (!(options.DistanceWeightedCutoff > 0) || !(options.DistanceWeightedLimit > options.DistanceWeightedCutoff) || !(options.DistanceWeightedLimit < 2))
        {
            throw new ArgumentException(
                $"'DistanceWeightedCutoff' is {options.DistanceWeightedCutoff} and 'DistanceWeightedLimit' {options.DistanceWeightedLimit}; 0 < cutoff < limit < 2 must hold.",
                nameof(options));
        }

        RequireDefined(options.Metric, nameof(options.Metric));
        RequireDefined(options.Rule, nameof(options.Rule));
        RequireDefined(options.Fallback, nameof(options.Fallback));
        RequireDefined(options.EasyPositive, nameof(options.EasyPositive));
        RequireDefined(options.Statistics, nameof(options.Statistics));
    }

    private static void ValidateShape(int rows, int columns, int labels, string rowsName, string labelsName)
    {
        if (rows == 0 || columns == 0)
            throw new ArgumentException($"'{rowsName}' has {rows} rows and {columns} columns; it needs at least one of each.", rowsName);
        if (labels != rows)
            throw new ArgumentException($"'{labelsName}' has {labels} labels for the {rows} rows of '{rowsName}'.", labelsName);
    }

    private static void ValidateAnchorRows(MiningInput input)
    {
        ReadOnlySpan<int> anchorRows = input.AnchorRows;
        if (anchorRows.IsEmpty)
            return;
        if (anchorRows.Length != input.AnchorLabels.Length)
            throw Invalid(nameof(anchorRows), $"'anchorRows' has {anchorRows.Length} entries for {input.AnchorLabels.Length} anchors.");
        for (int i = 0; i < anchorRows.Length; i++)
        {
            int row = anchorRows[i];
            if (row < -1 || row >= input.GalleryLabels.Length)
                throw Invalid(nameof(anchorRows), $"'anchorRows' names gallery row {row} for anchor {i}; there are {input.GalleryLabels.Length}.");
            if (row >= 0 && input.GalleryLabels[row] != input.AnchorLabels[i])
            {
                throw Invalid(
                    nameof(anchorRows),
                    $"'anchorRows' says anchor {i} (label {input.AnchorLabels[i]}) is gallery row {row} (label {input.GalleryLabels[row]}); the labels must agree.");
            }
        }
    }

    private static void RequireDefined<T>(T value, string name)
        where T : struct, Enum
    {
        if (!EnumValues<T>.Contain(value))
            throw Invalid("options", $"'{name}' is {value}, which does not exist.");
    }

    private static ArgumentException Invalid(string parameterName, string message) => new(message, parameterName);
}
