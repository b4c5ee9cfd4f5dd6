namespace Tercet.Tests.Mining;

/// <summary>How the labels of a test case lie.</summary>
public enum LabelKind
{
    /// <summary>About four rows a label, in random order.</summary>
    Few,

    /// <summary>A few labels of many rows.</summary>
    Large,

    /// <summary>One large label and many of one or two rows; labels are large and negative numbers.</summary>
    Uneven,

    /// <summary>One label.</summary>
    One,

    /// <summary>Every row its own label.</summary>
    Distinct,

    /// <summary>About four rows a label, and a third of the rows negative-only.</summary>
    NegativeOnly,
}
