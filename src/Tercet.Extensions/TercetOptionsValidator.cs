using Microsoft.Extensions.Options;
using Tercet.Forward;
using Tercet.Imaging;

namespace Tercet.Extensions;

/// <summary>Says all that is wrong with the options before the service starts.</summary>
internal sealed class TercetOptionsValidator : IValidateOptions<TercetOptions>
{
    private const int LargestBatch = 4096;
    private const int LargestQueue = 1 << 20;

    public ValidateOptionsResult Validate(string? name, TercetOptions options)
    {
        List<string> faults = [];
        if (string.IsNullOrWhiteSpace(options.ModelPath))
            faults.Add($"{nameof(TercetOptions.ModelPath)} is empty; name an ONNX file.");
        else if (!File.Exists(options.ModelPath))
            faults.Add($"{nameof(TercetOptions.ModelPath)}: there is no file {options.ModelPath}.");
        if (!Enum.IsDefined(options.Device))
            faults.Add($"{nameof(TercetOptions.Device)} is {options.Device}; it is {nameof(DeviceChoice.Auto)}, {nameof(DeviceChoice.Cpu)} or {nameof(DeviceChoice.Cuda)}.");
        if (!Enum.IsDefined(options.Pooling))
            faults.Add($"{nameof(TercetOptions.Pooling)} is {options.Pooling}; it is {nameof(TokenPooling.None)}, {nameof(TokenPooling.Mean)} or {nameof(TokenPooling.First)}.");
        RequireRange(faults, nameof(TercetOptions.Workers), options.Workers, 0, 1024);
        RequireRange(faults, nameof(TercetOptions.Threads), options.Threads, 0, 1024);
        RequireRange(faults, nameof(TercetOptions.MaxBatch), options.MaxBatch, 1, LargestBatch);
        RequireRange(faults, nameof(TercetOptions.BatchSize), options.BatchSize, 0, options.MaxBatch);
        RequireRange(faults, nameof(TercetOptions.QueueCapacity), options.QueueCapacity, 1, LargestQueue);
        RequireTime(faults, nameof(TercetOptions.MaxBatchWait), options.MaxBatchWait, TimeSpan.Zero);
        RequireTime(faults, nameof(TercetOptions.Deadline), options.Deadline, TimeSpan.FromMilliseconds(1));
        RequireTime(faults, nameof(TercetOptions.DrainTimeout), options.DrainTimeout, TimeSpan.Zero);
        Try(faults, nameof(TercetOptions.Preprocessing), () => ImageDescription.Read(options));
        Try(faults, nameof(TercetOptions.MaxImageBytes), () => new ImageDecoder(new ImageLimits { MaxFileBytes = options.MaxImageBytes }));
        Try(faults, nameof(TercetOptions.MaxImagePixels), () => new ImageDecoder(new ImageLimits { MaxPixels = options.MaxImagePixels }));
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(string.IsNullOrEmpty(name) ? faults : faults.Select(fault => $"{name}: {fault}"));
    }

    private static void RequireRange(List<string> faults, string name, long value, long least, long most)
    {
        if (value < least || value > most)
            faults.Add($"{name} is {value}; it must be between {least} and {most}.");
    }

    private static void RequireTime(List<string> faults, string name, TimeSpan value, TimeSpan least)
    {
        TimeSpan most = TimeSpan.FromHours(1);
        if (value < least || value > most)
            faults.Add($"{name} is {value}; it must be between {least} and {most}.");
    }

    private static void Try(List<string> faults, string name, Func<object?> read)
    {
        try
        {
            read();
        }
        catch (Exception failure) when (failure is ArgumentException or TercetException)
        {
            faults.Add($"{name}: {failure.Message}");
        }
    }
}
