using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Tercet.Cli.Input;

namespace Tercet.Server.Tests;

public sealed class PageTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Page_InTheProgram_RefersToNothingElse()
    {
        await using TestServer server = await TestServer.Start();
        HttpResponseMessage answer = await server.Client.GetAsync("/", Token);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.DoesNotContain("://", await answer.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        Assert.Contains("default-src 'none'", answer.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Page_TwoPhotosChosen_ShowsTheirSimilarityAndTheNearestRows()
    {
        string? program = HeadlessBrowser.Find();
        Assert.SkipWhen(program is null, "no Chromium is installed (Debian: chromium); the page is not run in a browser.");
        await using TestServer server = await TestServer.Start(hasGallery: true);
        await using HeadlessBrowser browser = await HeadlessBrowser.Start(program);

        // The key goes where a browser puts what its user answers to the server's challenge.
        string address = $"http://photos:{server.Key}@{server.Address.Authority}/";
        await browser.Send("Page.enable");
        await browser.Send("Page.navigate", new JsonObject { ["url"] = address });
        Assert.Equal("Two photos", await browser.Await("document.readyState === 'complete' && document.querySelector('h1')?.textContent"));
        await browser.SetFile("#a", server.SaveFile("4.png", TestServer.Image(4)));
        await browser.SetFile("#b", server.SaveFile("5.png", TestServer.Image(5)));
        string shown = await browser.Await("document.getElementById('similarity').textContent.replace('…', '')");
        double expected = PairSimilarity.Cosine(server.Embed(4), server.Embed(5));
        Assert.Contains(expected.ToString("F4", CultureInfo.InvariantCulture), shown, StringComparison.Ordinal);
        string rows = await browser.Await("!document.getElementById('nearest').hidden && document.getElementById('rows').innerText");
        Assert.Equal(5, rows.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Contains("person 1", rows.Split('\n')[0], StringComparison.Ordinal);
        Assert.Contains("4.png", rows.Split('\n')[0], StringComparison.Ordinal);
        Assert.Equal("2", await browser.Await("[...document.images].filter(image => image.complete && image.naturalWidth === 4).length"));
    }
}
