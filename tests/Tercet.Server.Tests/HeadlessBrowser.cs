using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Tercet.Server.Tests;

/// <summary>Chromium without a window, told what to do over its DevTools protocol.</summary>
internal sealed partial class HeadlessBrowser : IAsyncDisposable
{
    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

    private readonly Process _process;
    private readonly DirectoryInfo _profile;
    private readonly ClientWebSocket _socket = new();
    private int _lastId;

    private HeadlessBrowser(Process process, DirectoryInfo profile) => (_process, _profile) = (process, profile);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>The program, or null where there is none.</summary>
    public static string? Find() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .SelectMany(folder => Names.Select(name => Path.Combine(folder, name))).FirstOrDefault(File.Exists);

    public static async Task<HeadlessBrowser> Start(string program)
    {
        DirectoryInfo profile = Directory.CreateTempSubdirectory("tercet-browser-");
        ProcessStartInfo start = new(program) { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (string argument in (string[])["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--remote-debugging-port=0", $"--user-data-dir={profile.FullName}", "about:blank"])
            start.ArgumentList.Add(argument);
        HeadlessBrowser browser = new(Process.Start(start)!, profile);
        _ = browser._process.StandardOutput.ReadToEndAsync(Token);
        string said = "";
        while (await browser._process.StandardError.ReadLineAsync(Token) is { } line)
        {
            said += line + "\n";
            if (Listening().Match(line) is not { Success: true } match)
                continue;
            _ = browser._process.StandardError.ReadToEndAsync(Token);
            using HttpClient http = new();
            JsonNode tabs = JsonNode.Parse(await http.GetByteArrayAsync($"http://{match.Groups[1].Value}/json", Token))!;
            await browser._socket.ConnectAsync(new Uri((string)tabs.AsArray().First(tab => (string)tab!["type"]! == "page")!["webSocketDebuggerUrl"]!), Token);
            return browser;
        }

        await browser.DisposeAsync();
        throw new InvalidOperationException($"{program} does not start: {said}");
    }

    /// <summary>One command, and its result.</summary>
    public async Task<JsonNode> Send(string method, JsonObject? parameters = null)
    {
        int id = ++_lastId;
        await _socket.SendAsync(Encoding.UTF8.GetBytes(new JsonObject { ["id"] = id, ["method"] = method, ["params"] = parameters ?? [] }.ToJsonString()), WebSocketMessageType.Text, true, Token);
        while (true)
        {
            JsonNode message = await Receive();
            if ((int?)message["id"] == id)
                return message["result"] ?? throw new InvalidOperationException($"{method}: {message["error"]}");
        }
    }

    /// <summary>The value of an expression in the page, once it is not null, false or empty.</summary>
    public async Task<string> Await(string expression)
    {
        while (true)
        {
            JsonNode result = await Send("Runtime.evaluate", new JsonObject { ["expression"] = $"String(({expression}) || '')", ["returnByValue"] = true });
            if ((string?)result["result"]?["value"] is { Length: > 0 } value)
                return value;
            await Task.Delay(20, Token);
        }
    }

    public async Task SetFile(string selector, string path)
    {
        JsonNode document = await Send("DOM.getDocument");
        JsonNode node = await Send("DOM.querySelector", new JsonObject { ["nodeId"] = (int)document["root"]!["nodeId"]!, ["selector"] = selector });
        await Send("DOM.setFileInputFiles", new JsonObject { ["nodeId"] = (int)node["nodeId"]!, ["files"] = new JsonArray(path) });
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
        try
        {
            _profile.Delete(recursive: true);
        }
        catch (IOException)
        {
            // A process of the browser's is still writing there.
        }
    }

    private async Task<JsonNode> Receive()
    {
        MemoryStream message = new();
        byte[] buffer = new byte[1 << 16];
        ValueWebSocketReceiveResult part;
        do
        {
            part = await _socket.ReceiveAsync(buffer.AsMemory(), Token);
            message.Write(buffer.AsSpan(0, part.Count));
        }
        while (!part.EndOfMessage);
        return JsonNode.Parse(message.ToArray())!;
    }

    [GeneratedRegex("DevTools listening on ws://([^/]+)/")]
    private static partial Regex Listening();
}
