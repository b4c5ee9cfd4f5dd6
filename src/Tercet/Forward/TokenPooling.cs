namespace Tercet.Forward;

/// <summary>How an output of shape <c>[batch, tokens, D]</c> becomes one embedding a sample.</summary>
public enum TokenPooling
{
    /// <summary>The output is <c>[batch, D]</c> already; a model with tokens is refused.</summary>
    None,

    /// <summary>The mean over the tokens: <c>e[j] = Σₜ x[t, j] / tokens</c>.</summary>
    Mean,

    /// <summary>The first token, as with a class token.</summary>
    First,
}
