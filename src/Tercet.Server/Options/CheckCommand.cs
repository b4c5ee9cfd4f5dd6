using System.CommandLine;
using Tercet.Cli;
using Tercet.Extensions;

namespace Tercet.Server.Options;

/// <summary><c>tercet-server check</c>: opens a model, runs it once, and ends. The server runs it in a process of its own before it opens the model itself.</summary>
internal sealed class CheckCommand : ServerVerb
{
    private readonly ModelSettings _model;

    public CheckCommand()
        : base("check", "Open a model, run it once, and end: what the server does in a process of its own before it opens the model itself.") => _model = new ModelSettings(this);

    public override int Execute(ParseResult parse)
    {
        TercetOptions options = new();
        _model.Apply(parse, options);
        if (options.ModelPath.Length == 0)
            throw new UsageException("--model is missing");
        ModelCheck.Open(options);
        return ExitCode.Ok;
    }
}
