using Tercet.Train.Learning;
using TorchSharp;
using TorchSharp.Modules;

namespace Tercet.Train.Output;

/// <summary>TensorBoard's event files, one a process.</summary>
internal sealed class EventFile(string folder)
{
    private readonly SummaryWriter _writer = torch.utils.tensorboard.SummaryWriter(folder);

    public void Write(StepReport step, ValidationReport? validation)
    {
        _writer.add_scalar("train/loss", (float)step.Loss, step.Step);
        _writer.add_scalar("train/active", (float)step.Active, step.Step);
        _writer.add_scalar("train/spread", (float)step.Spread, step.Step);
        _writer.add_scalar("train/learning_rate", (float)step.LearningRate, step.Step);
        if (validation is null)
            return;
        _writer.add_scalar("validation/recall1", (float)validation.Recall1, step.Step);
        _writer.add_scalar("validation/map_r", (float)validation.MapAtR, step.Step);
        _writer.add_scalar("validation/val_far01", (float)validation.ValAtFar01, step.Step);
        _writer.add_scalar("validation/val_far001", (float)validation.ValAtFar001, step.Step);
    }
}
