using System.CommandLine;
using Tercet.Forward;

namespace Tercet.Cli.Options;

/// <summary>The option <c>--device</c>.</summary>
internal static class DeviceOption
{
    /// <summary>The option.</summary>
    /// <param name="what">What is done on the device, as in "where the model runs".</param>
    public static Option<DeviceChoice?> Create(string what = "the model runs") => OptionOf.Choice(
        "--device",
        $"Where {what}: cuda or cpu, or auto for cuda where it is to be had. A device asked for by name that is not there is an error. Default auto.",
        "auto|cpu|cuda",
        ("auto", DeviceChoice.Auto),
        ("cpu", DeviceChoice.Cpu),
        ("cuda", DeviceChoice.Cuda));

    public static string NameOf(DeviceChoice device) => device switch
    {
        DeviceChoice.Cuda => "cuda",
        DeviceChoice.Cpu => "cpu",
        _ => "auto",
    };

    /// <summary>The name of a batch mode in reports.</summary>
    public static string NameOf(BatchMode mode) => mode switch
    {
        BatchMode.Dynamic => "dynamic",
        BatchMode.MadeDynamic => "made-dynamic",
        _ => "one-by-one",
    };
}
