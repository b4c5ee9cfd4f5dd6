using System.Globalization;
using Tercet.Galleries;
using Tercet.Galleries.Victim;

// Writes a gallery, to be killed meanwhile: FOLDER STEPS. Goes on from the step that the gallery has, and acknowledges each step once it is durable.
string folder = args[0];
int steps = int.Parse(args[1], CultureInfo.InvariantCulture);
using Stream output = Console.OpenStandardOutput();
using Gallery gallery = Gallery.Open(folder, new GalleryOptions { CellsFrom = Script.CellsFrom });
using GalleryWriter writer = gallery.OpenWriter();
for (int step = Script.StepOf(writer) + 1; step <= steps; step++)
{
    Script.Do(writer, step);
    byte[] line = BitConverter.GetBytes(step);
    output.Write(line);
    output.Flush();
}

return 0;
