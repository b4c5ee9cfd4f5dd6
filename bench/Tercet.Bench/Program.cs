using BenchmarkDotNet.Running;
using Tercet.Bench;

switch (args.FirstOrDefault())
{
    case "roof":
        return RoofVerb.Run(args.AsSpan(1));
    case "gallery":
        return GalleryVerb.Run(args.AsSpan(1));
    case "labelled":
        return LabelledSetVerb.Run(args.AsSpan(1));
    case "peer-ours":
        return PeerVerb.Run(args.AsSpan(1));
    default:
        BenchmarkSwitcher.FromAssembly(typeof(Batch).Assembly).Run(args);
        return 0;
}
