namespace Tercet.Forward;

/// <summary>How a batch goes through the model.</summary>
public enum BatchMode
{
    /// <summary>The model declares a symbolic batch dimension, and a batch of two gave what two single runs give.</summary>
    Dynamic,

    /// <summary>The model's batch is fixed; its declared shapes were edited in memory, and the edited model gave the same embeddings.</summary>
    MadeDynamic,

    /// <summary>One sample a run: the model does not stand a larger batch. <see cref="ModelInfo.BatchNote"/> says why.</summary>
    OneByOne,
}
