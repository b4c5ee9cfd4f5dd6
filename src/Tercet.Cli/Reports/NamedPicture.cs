using SkiaSharp;

namespace Tercet.Cli.Reports;

/// <summary>A decoded picture and what to call it.</summary>
internal sealed record NamedPicture(string Name, SKImage Image);
