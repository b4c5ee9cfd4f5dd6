using System.Diagnostics;
using System.Globalization;
using Tercet.Galleries.Victim;

namespace Tercet.Galleries.Tests;

/// <summary>A writer in a process of its own is killed at random moments. <c>TERCET_KILLS</c> says how often.</summary>
public sealed class KillTests : IDisposable
{
    private const int DefaultKills = 50;

    private readonly TestGallery _test = new();

    public void Dispose() => _test.Dispose();

    [Fact]
    public void Kill_AtRandomMoments_LosesNoAcknowledgedRowAndShowsNoHalfStep()
    {
        int kills = int.TryParse(Environment.GetEnvironmentVariable("TERCET_KILLS"), CultureInfo.InvariantCulture, out int asked) ? asked : DefaultKills;
        using Reference reference = new();
        Random random = new(kills);
        Gallery.Create(_test.Folder, Script.Schema).Dispose();
        int done = 0, inside = 0;
        for (int kill = 0; kill < kills; kill++)
        {
            int acknowledged = Run(kill % 10 == 0 ? random.Next(150) : -1, random);
            using Gallery gallery = Gallery.Open(_test.Folder);
            using GallerySnapshot snapshot = gallery.Snapshot();
            int step = Script.StepOf(snapshot);
            Assert.InRange(step, Math.Max(done, acknowledged), Math.Max(done, acknowledged) + 1);
            Assert.Equal(reference.HashOf(step), snapshot.ContentHash());
            inside += step > done ? 1 : 0;
            done = step;
        }

        // A gallery that was killed so often goes on, and ends where one that never was does.
        int last = done + 30;
        using (Process victim = Start(last))
            Assert.True(victim.WaitForExit(TimeSpan.FromMinutes(1)));
        using Gallery end = Gallery.Open(_test.Folder);
        using GallerySnapshot final = end.Snapshot();
        Assert.Equal(reference.HashOf(last), final.ContentHash());
        Assert.True(inside > kills / 3, $"only {inside} of {kills} victims had begun to write");
    }

    // Kills the victim after some time from its start, or some time after its first step.
    private int Run(int milliseconds, Random random)
    {
        using Process victim = Start(int.MaxValue);
        byte[] line = new byte[sizeof(int)];
        int acknowledged = 0;
        if (milliseconds < 0)
        {
            victim.StandardOutput.BaseStream.ReadExactly(line);
            acknowledged = BitConverter.ToInt32(line);
            milliseconds = random.Next(25);
        }

        Thread.Sleep(milliseconds);
        victim.Kill();
        victim.WaitForExit();
        while (victim.StandardOutput.BaseStream.ReadAtLeast(line, line.Length, throwOnEndOfStream: false) == line.Length)
            acknowledged = BitConverter.ToInt32(line);
        return acknowledged;
    }

    private Process Start(int steps)
    {
        ProcessStartInfo start = new("dotnet") { RedirectStandardOutput = true };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "Tercet.Gallery.Victim.dll"));
        start.ArgumentList.Add(_test.Folder);
        start.ArgumentList.Add(steps.ToString(CultureInfo.InvariantCulture));
        return Process.Start(start) ?? throw new InvalidOperationException("dotnet does not start.");
    }

    /// <summary>What the gallery holds after each step, from one that nobody kills.</summary>
    private sealed class Reference : IDisposable
    {
        private readonly TestGallery _test = new();
        private readonly GalleryWriter _writer;
        private readonly List<string> _hashes = [];

        public Reference()
        {
            using Gallery gallery = _test.Create(Script.Schema);
            _writer = gallery.OpenWriter();
            Note();
        }

        public string HashOf(int step)
        {
            while (_hashes.Count <= step)
            {
                Script.Do(_writer, _hashes.Count);
                Note();
            }

            return _hashes[step];
        }

        public void Dispose()
        {
            _writer.Dispose();
            _test.Dispose();
        }

        private void Note()
        {
            using GallerySnapshot snapshot = _writer.Snapshot();
            _hashes.Add(snapshot.ContentHash());
        }
    }
}
