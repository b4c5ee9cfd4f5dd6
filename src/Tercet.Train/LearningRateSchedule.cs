namespace Tercet.Train;

/// <summary>How the learning rate changes over a run.</summary>
internal enum LearningRateSchedule
{
    /// <summary>It falls to 0 along half a cosine.</summary>
    Cosine,

    /// <summary>It stays.</summary>
    Constant,

    /// <summary>It falls to a tenth at 60 %, and to a hundredth at 85 % of the steps.</summary>
    Steps,
}
