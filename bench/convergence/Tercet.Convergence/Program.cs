using Tercet.Convergence;
using Tercet.Train;

NativeHeap.KeepPages();
switch (args)
{
    case ["prepare", string drawings, string folder]:
        QuickDraw.Prepare(drawings, folder);
        return 0;
    case ["cells", string seeds]:
        foreach (string cell in Cell.Names(int.Parse(seeds, System.Globalization.CultureInfo.InvariantCulture)))
            Console.WriteLine(cell);
        return 0;
    case ["cell", string name, string data, string output]:
        Cell.Run(name, data, output);
        return 0;
    case ["pace", string data, string output]:
        Pace.MeasureAll(data, output);
        return 0;
    case ["report", string cells, string pace, string folder]:
        Report.Write(cells, pace, folder);
        return 0;
    default:
        Console.Error.WriteLine("usage: prepare DRAWINGS FOLDER | cells SEEDS | cell DATASET/STRATEGY/SEED DATA OUT.json | pace DATA OUT.json | report CELLS PACE.json FOLDER");
        return 2;
}
