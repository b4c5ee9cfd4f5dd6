namespace Tercet.Train.Learning;

/// <summary>The learning rate as a function of the step alone.</summary>
internal static class LearningRate
{
    public static double At(int step, TrainingOptions options)
    {
        double rise = step < options.WarmUpSteps ? (step + 1.0) / options.WarmUpSteps : 1;
        double done = (double)step / Math.Max(1, options.Steps);
        double factor = options.Schedule switch
        {
            LearningRateSchedule.Constant => 1,
            LearningRateSchedule.Steps => done < 0.6 ? 1 : done < 0.85 ? 0.1 : 0.01,
            _ => 0.5 * (1 + Math.Cos(Math.PI * Math.Min(1, done))),
        };
        return options.LearningRate * rise * factor;
    }
}
