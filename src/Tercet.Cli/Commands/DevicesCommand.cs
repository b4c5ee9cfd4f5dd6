using System.CommandLine;
using System.Runtime.InteropServices;
using Tercet.Backends;
using Tercet.Backends.Cpu;
using Tercet.Cli.Options;
using Tercet.Cli.Output;
using Tercet.Forward;

namespace Tercet.Cli.Commands;

/// <summary><c>tercet devices</c>: what this machine computes with.</summary>
internal sealed class DevicesCommand : Verb
{
    private readonly Option<DeviceChoice?> _device = DeviceOption.Create("mining would run");

    public DevicesCommand()
        : base("devices", "Show what this machine computes with: device, vector width, processors, ONNX Runtime and its execution providers.")
    {
        Add(_device);
        Add(Json);
    }

    public override void Execute(ParseResult parse, Terminal terminal, CancellationToken cancellationToken)
    {
        using MiningDevice device = MiningDevice.Open(parse.GetValue(_device));
        using CpuBackend cpu = new();
        DevicesJson answer = new()
        {
            Device = device.Device,
            DeviceNote = device.Note,
            MiningBackend = device.Backend.Name,
            Lanes = NameOf(cpu.Lanes),
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
        table.Add("mining", answer.DeviceNote is null ? answer.MiningBackend : $"{answer.MiningBackend} ({answer.DeviceNote})");
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
