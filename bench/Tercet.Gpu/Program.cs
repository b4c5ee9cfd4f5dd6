using Tercet.Backends.Cuda;
using Tercet.Gpu;

try
{
    switch (args.FirstOrDefault())
    {
        case "check":
            return Check.Run(args.AsSpan(1));
        case "table":
            return Table.Run(args.AsSpan(1));
        default:
            Console.Error.WriteLine("""
                usage: Tercet.Gpu check [NxD ...]
                       Tercet.Gpu table [NxD ...]
                Compares what is mined and found on the card with the CPU, or prints a table of times. Exit status: 0 nothing differs, 1 something does, 2 wrong usage, 3 no usable card.
                """);
            return 2;
    }
}
catch (CudaException reason)
{
    Console.Error.WriteLine(reason.Message);
    return 3;
}
