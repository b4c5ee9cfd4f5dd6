using System.Diagnostics;
using System.Runtime.InteropServices;
using Tercet.Tests;
using Tercet.Tests.Forward;

namespace Tercet.Server.Tests;

/// <summary>A client that others wrote: NVIDIA's <c>tritonclient.http</c> for Python, where it is installed.</summary>
public sealed class TritonClientTests
{
    private static readonly string[] Interpreters = ["python3", "/usr/bin/python3", "python"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Infer_ByTritonsOwnClient_IsTheLibrarysBitForBit()
    {
        string? python = null;
        foreach (string candidate in Interpreters)
            python ??= (await Run(candidate, "-c", "import tritonclient.http, numpy")).Exit == 0 ? candidate : null;
        Assert.SkipWhen(python is null, "Python's tritonclient is not installed (pip install tritonclient[http]); no client of others is asked.");
        const int Count = 3;
        await using TestServer server = await TestServer.Start();
        float[] samples = TinyModels.Random(9, Count * TinyModels.Features);
        string file = server.SaveFile("samples.bin", MemoryMarshal.AsBytes(samples.AsSpan()).ToArray());
        (int exit, string error) = await Run(python, Path.Combine(Repository.Root, "tests", "Tercet.Server.Tests", "triton_client.py"), server.Address.Authority, TestServer.ModelName, server.Key!, file, file);
        Assert.True(exit == 0, error);
        float[] expected = new float[Count * TinyModels.Dimension];
        for (int i = 0; i < Count; i++)
            server.Embedder.Embed(samples.AsSpan(i * TinyModels.Features, TinyModels.Features), expected.AsSpan(i * TinyModels.Dimension, TinyModels.Dimension), cancellationToken: Token);
        foreach (string kind in (string[])["binary", "json", "default"])
            Assert.Equal(expected, MemoryMarshal.Cast<byte, float>(await File.ReadAllBytesAsync($"{file}.{kind}", Token)).ToArray());
    }

    private static async Task<(int Exit, string Error)> Run(string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
            Task<string> output = process.StandardOutput.ReadToEndAsync(Token);
            string error = await process.StandardError.ReadToEndAsync(Token);
            await output;
            await process.WaitForExitAsync(Token);
            return (process.ExitCode, error);
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            return (-1, missing.Message);
        }
    }
}
