namespace Tercet.Train.Learning;

/// <summary>
/// Watches for f(x) = const, which FaceNet warns of when the hardest negatives are taken early: some collapsed batches in a row switch the rule to semi-hard,
/// once and for the rest of the run.
/// </summary>
internal sealed class CollapseGuard
{
    /// <summary>Collapsed batches in a row up to now.</summary>
    public int InARow { get; set; }

    /// <summary>The step of the switch; null while there was none.</summary>
    public int? SwitchedAt { get; set; }

    /// <summary>The rule of the next step.</summary>
    public TrainingRule Rule(TrainingOptions options) => SwitchedAt is null ? options.Rule : TrainingRule.SemiHard;

    /// <summary>Takes note of a step.</summary>
    /// <returns>Whether this step makes it switch.</returns>
    public bool Observe(int step, double spread, TrainingOptions options)
    {
        InARow = spread <= options.CollapseThreshold ? InARow + 1 : 0;
        bool watches = options.Guard && SwitchedAt is null && options.Rule is TrainingRule.HardNegative or TrainingRule.BatchHard;
        if (!watches || InARow < options.CollapsePatience)
            return false;
        SwitchedAt = step;
        return true;
    }
}
