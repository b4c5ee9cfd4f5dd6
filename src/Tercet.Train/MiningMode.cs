namespace Tercet.Train;

/// <summary>Where triplets come from (FaceNet 3.2).</summary>
internal enum MiningMode
{
    /// <summary>From each mini-batch, with the weights of the moment.</summary>
    Online,

    /// <summary>From a subset of the training set, embedded every n steps with the latest checkpoint.</summary>
    Offline,
}
