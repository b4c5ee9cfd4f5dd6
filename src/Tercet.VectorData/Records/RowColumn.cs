namespace Tercet.VectorData.Records;

/// <summary>The columns of a gallery that data properties can name.</summary>
internal static class RowColumn
{
    public const string Label = "label";
    public const string Source = "source";
    public const string Time = "time";
    public const string Digest = "digest";
}
