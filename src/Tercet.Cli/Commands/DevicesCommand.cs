using System.CommandLine;
using System.Runtime.InteropServices;
using Tercet.Backends;
using Tercet.Backends.Cpu;
using Tercet.Cli.Output;
using Tercet.Forward;

namespace Tercet.Cli.Commands;

/// <summary><c>tercet devices</c>: what this machine computes with.</summary>
internal sealed class DevicesCommand : Verb
{
    public DevicesCommand()
        : base("devices", "Show what this machine computes with: vector width, processors, ONNX Runtime and its execution providers.") => Add(Json);

    public override void Execute(ParseResult parse, Terminal terminal, CancellationToken cancellationToken)
    {
        using CpuBackend backend = new();
        DevicesJson answer = new()
        {
            MiningBackend = backend.Name,
            Lanes = NameOf(backend.Lanes),
            SupportedLanes = [.. CpuBackend.SupportedLanes.Select(NameOf)],
            Processors = Environment.ProcessorCount,
            Architecture = RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant(),
            System = RuntimeInformation.OSDescription,
            Runtime = RuntimeInformation.FrameworkDescription,
            OnnxRuntime = OnnxRuntimeInfo.Version,
            OnnxProviders = OnnxRuntimeInfo.Providers,
        };
        if (terminal.IsJson)
        {
            Terminal.WriteJson(answer, JsonTypes.Default.DevicesJson);
            return;
        }

        FactTable table = new();
        table.Add("mining", answer.MiningBackend);
        table.Add("vector width", $"{answer.Lanes} (this processor runs {string.Join(", ", answer.SupportedLanes)}; TERCET_LANES forces one)");
        table.Add("processors", $"{answer.Processors}, {answer.Architecture}");
        table.Add("system", $"{answer.System}, {answer.Runtime}");
        table.Add("ONNX Runtime", answer.OnnxRuntime);
        table.Add("execution providers", string.Join(", ", answer.OnnxProviders));
        table.Write(terminal.Out);
    }

    private static string NameOf(CpuLanes lanes) => lanes switch
    {
        CpuLanes.Scalar => "scalar",
        CpuLanes.Bits128 => "128-bit",
        CpuLanes.Bits256 => "256-bit",
        _ => "512-bit",
    };
}
