using System.Globalization;
using System.Text;
using Tercet.Cli.Output;
using Tercet.Interchange;
using Tercet.TorchSharp;
using Tercet.Train.Checkpoints;
using Tercet.Train.Data;
using Tercet.Train.Learning;
using Tercet.Train.Output;

namespace Tercet.Train;

/// <summary>A run from its options, or from its newest checkpoint, to its end or its interruption, with all the files it leaves.</summary>
internal sealed class TrainSession : IDisposable
{
    private const string CheckpointsName = "checkpoints";
    private const string LogName = "log.csv";
    private const string ModelName = "model.onnx";
    private const int ReportEvery = 10;

    private readonly string _folder;
    private readonly string _fingerprint;
    private readonly CheckpointFolder _checkpoints;
    private readonly TrainingRun _run;
    private readonly List<StepReport> _steps = [];
    private ValidationReport? _validation;

    private TrainSession(string folder, TrainingOptions options, TrainingData data)
    {
        _folder = folder;
        _fingerprint = data.Train.Fingerprint();
        _checkpoints = new CheckpointFolder(Path.Combine(folder, CheckpointsName));
        _run = new TrainingRun(options, data, folder);
    }

    public static bool Begin(string folder, TrainingOptions options, Terminal terminal, CancellationToken cancellationToken)
    {
        if (Directory.Exists(Path.Combine(folder, CheckpointsName)))
            throw new TercetException($"{folder}: holds a run already; go on with it by --resume {folder}, or name another folder");
        TrainingData data = TrainingData.Load(options);
        using TrainSession session = new(folder, options, data);
        Directory.CreateDirectory(folder);
        TrainApp.Note(FormattableString.Invariant(
            $"{data.Train.Count:N0} images of {data.Train.Identities:N0} identities to train on, {data.Validation?.Count ?? 0:N0} to validate on; batches of up to {options.BatchRows:N0}"));

        // So that whatever happens from here on, there is something to resume from.
        session.Save();
        return session.Go(null, terminal, cancellationToken);
    }

    public static bool Resume(string folder, int? steps, Terminal terminal, CancellationToken cancellationToken)
    {
        Checkpoint checkpoint = new CheckpointFolder(Path.Combine(folder, CheckpointsName)).Newest(problem => TrainApp.Note($"passed over: {problem}"));
        TrainingOptions options = checkpoint.Header.Options;
        if (steps is { } longer)
            options = options with { Steps = longer };
        using TrainSession session = new(folder, options, TrainingData.Load(options));
        if (session._fingerprint != checkpoint.Header.Fingerprint)
            throw new TercetException($"{options.Data}: is not the data that the run in {folder} began with");
        session._run.Restore(checkpoint);
        TrainApp.Note(FormattableString.Invariant($"going on after step {checkpoint.Header.Step:N0} of {options.Steps:N0}"));
        return session.Go(checkpoint.Header.Step, terminal, cancellationToken);
    }

    private bool Go(int? resumedFrom, Terminal terminal, CancellationToken cancellationToken)
    {
        TrainingOptions options = _run.Options;
        using TrainingLog log = new(Path.Combine(_folder, LogName), _run.Step);
        EventFile events = new(Path.Combine(_folder, "events"));
        while (_run.Step < options.Steps && !cancellationToken.IsCancellationRequested)
        {
            StepReport report = _run.Advance();
            bool last = _run.Step == options.Steps;
            ValidationReport? validation = last || _run.Step % options.ValidateEvery == 0 ? _run.Validate() : null;
            _validation = validation ?? _validation;
            _steps.Add(report);
            log.Write(report, validation);
            events.Write(report, validation);
            Tell(report, validation);
            if (last || _run.Step % options.CheckpointEvery == 0)
                Save();
        }

        bool finished = _run.Step >= options.Steps;
        string? model = null;
        if (finished)
        {
            _validation ??= _run.Validate();
            model = ExportModel();
        }
        else
        {
            Save();
            TrainApp.Note(FormattableString.Invariant($"interrupted after step {_run.Step:N0}, which is saved; tercet-train --resume {_folder} goes on"));
        }

        TrainAnswer.Write(terminal, Answer(resumedFrom, finished, model));
        return finished;
    }

    public void Dispose() => _run.Dispose();

    private void Save() => _checkpoints.Write(_run.Capture(_fingerprint));

    /// <summary>Writes the network for images as <c>tercet embed</c> reads them, RGB from 0 to 255, with the description that it needs.</summary>
    private string ExportModel()
    {
        ImageSet images = _run.Data.Train;
        string path = Path.Combine(_folder, ModelName);
        Dictionary<string, string> metadata = new()
        {
            ["tercet.steps"] = _run.Step.ToString(CultureInfo.InvariantCulture),
            ["tercet.recall1"] = _validation?.Recall1.ToString("F4", CultureInfo.InvariantCulture) ?? "",
        };
        OnnxExport.Save(_run.Network, [images.Channels, images.Height, images.Width], path, new OnnxExportOptions { AveragedChannels = images.Channels == 1 ? 3 : 0, Metadata = metadata });
        string description = string.Create(CultureInfo.InvariantCulture, $$"""{"width":{{images.Width}},"height":{{images.Height}}}""");
        AtomicFile.Write(path + ".json", stream => stream.Write(Encoding.UTF8.GetBytes(description)));
        return path;
    }

    private void Tell(StepReport report, ValidationReport? validation)
    {
        if (report.Switched)
        {
            TrainApp.Note(FormattableString.Invariant(
                $"step {report.Step:N0}: the embeddings have collapsed (spread {report.Spread:F4} in {_run.Options.CollapsePatience} batches in a row); going on with semi-hard"));
        }

        if (validation is not null)
        {
            TrainApp.Note(FormattableString.Invariant(
                $"step {_run.Step:N0}: recall@1 {validation.Recall1:P1}, VAL {validation.ValAtFar01:P1} at FAR 0.01 and {validation.ValAtFar001:P1} at 0.001"));
        }
        else if (_run.Step % ReportEvery == 0)
        {
            TrainApp.Note(FormattableString.Invariant(
                $"step {_run.Step:N0} of {_run.Options.Steps:N0}: loss {report.Loss:F4}, {report.Active:P0} of {report.Triplets:N0} triplets active, spread {report.Spread:F3}, {report.StepMs:F0} ms"));
        }
    }

    private TrainJson Answer(int? resumedFrom, bool finished, string? model)
    {
        double[] times = [.. _steps.Select(step => step.StepMs).Order()];
        return new TrainJson
        {
            Folder = _folder,
            Step = _run.Step,
            Finished = finished,
            ResumedFrom = resumedFrom,
            Seconds = _steps.Count > 0 ? _steps[^1].Seconds : 0,
            StepMsMedian = times.Length > 0 ? times[times.Length / 2] : 0,
            MiningShare = _steps.Count > 0 ? _steps.Sum(step => step.MineMs) / _steps.Sum(step => step.StepMs) : 0,
            RefreshMs = _steps.Sum(step => step.RefreshMs),
            SwitchedAt = _run.SwitchedAt,
            Recall1 = _validation?.Recall1,
            MapAtR = _validation?.MapAtR,
            ValAtFar01 = _validation?.ValAtFar01,
            ValAtFar001 = _validation?.ValAtFar001,
            WeightsSha256 = Weights.Digest(_run.Network),
            Model = model,
        };
    }
}
