using SkiaSharp;

namespace Tercet.Cli.Reports;

/// <summary>A decoded picture and what to call it.</summary>
/// <param name="Group">Whose picture it is.</param>
/// <param name="Name">Its file name.</param>
/// <param name="Image">The pixels.</param>
internal sealed record NamedPicture(string Group, string Name, SKImage Image);
