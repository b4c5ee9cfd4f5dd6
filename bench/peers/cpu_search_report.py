"""The tables of cpu-search.md."""
from harness import rate
from tables import Spread, heading, left_out, number, ratio, settings_tried, table, times

PRODUCTS = ("numpy", "torch-2.10")


def cases(results):
    return [(shape, threads) for shape in results["shapes"] for threads in shape["threads"]]


def fastest(shape, threads, *names, kind):
    """The fastest of these contenders' requests of one kind: its key and its turns."""
    keys = [key for key in shape["turns"] if key[0] in names and key[1].startswith(kind) and key[2] == threads]
    key = min(keys, key=lambda key: times(shape["turns"][key]).median)
    return key, shape["turns"][key]


def batches(results):
    rows = []
    for shape, threads in cases(results):
        turns = shape["turns"]
        plain, filtered = (turns["ours", what, threads] for what in ("batch", "batch-int8"))
        key, product = fastest(shape, threads, *PRODUCTS, kind="sgemm")
        whole = [number(times(turns[name, "sgemm", threads]).median) for name in PRODUCTS]
        faiss_key, faiss = fastest(shape, threads, "faiss", kind="batch")
        rows.append((shape["d"], threads, times(plain), times(filtered), *whole, f"{times(product)}, {key[0]} {key[1]}", f"{times(faiss)}, {faiss_key[1]}",
                     f"**{ratio(plain, product)}**", f"**{ratio(filtered, product)}**", f"**{ratio(faiss, plain)}**"))
    return table(("D", "threads", "ours, ms", "ours with int8, ms", "OpenBLAS whole, ms", "MKL whole, ms", "fastest sgemm, ms", "FAISS, ms",
                  "ours ÷ fastest sgemm (≤ 1.1)", "with int8 ÷ fastest sgemm (≤ 0.6)", "FAISS ÷ ours"), rows)


def singles(results):
    rows = []
    for shape, threads in cases(results):
        turns = shape["turns"]
        plain, filtered, read = (turns["ours", what, threads] for what in ("single", "single-int8", "read"))
        faiss_key, faiss = fastest(shape, threads, "faiss", kind="single")
        megabytes = shape["n"] * shape["d"] * 4 / 1e6
        streaming = Spread(100 * megabytes / mine["ms"] / (4 * rate(stream)) for stream, mine in zip(turns["roof", "stream", threads], plain))
        share = Spread(100 * theirs["ms"] / mine["ms"] for theirs, mine in zip(read, plain))
        rows.append((shape["d"], threads, times(plain), times(filtered), times(read), number(megabytes / times(read).median),
                     f"{times(faiss)}, {faiss_key[1]}", f"**{streaming}**", f"**{share}**", f"**{ratio(filtered, read)}**", f"**{ratio(faiss, plain)}**",
                     f"**{ratio(faiss, filtered)}**", sum(reply["calls"] for reply in plain)))
    return table(("D", "threads", "ours, ms", "ours with int8, ms", "one pass, ms", "one pass, GB/s", "FAISS, ms", "ours, % of the streaming read (≥ 90)",
                  "ours, % of one pass", "with int8 ÷ one pass (≤ 0.4)", "FAISS ÷ ours", "FAISS ÷ with int8", "calls of ours"), rows)


def allocations(results):
    rows = [(shape["d"], threads, *(shape["turns"]["ours", what, threads][-1]["allocated"] for what in ("batch", "batch-int8", "single", "single-int8")))
            for shape, threads in cases(results)]
    return table(("managed bytes allocated a call: D", "threads", "batch", "batch, int8", "single", "single, int8"), rows)


def agreements(results):
    rows = [(shape["d"], what, found["compared"], found["differ"], found["unexplained"])
            for shape in results["shapes"] for what, found in shape["agreement"].items()]
    return table(("D", "who", "places compared", "differ", "not explained"), rows)


def report(results):
    shapes = results["shapes"]
    roofs = [(shape["d"], threads, Spread(map(rate, shape["turns"]["roof", "multiply-add", threads])),
              Spread(4 * rate(reply) for reply in shape["turns"]["roof", "stream", threads])) for shape, threads in cases(results)]
    return f"""{heading("Exact search", results, shapes[0]['versions'], max(shape['waiting'] for shape in shapes))}

The 10 nearest of {shapes[0]['n']:,} float32 rows. FAISS is Debian's package, a generic build without the AVX2 and AVX-512 kernels of its authors' own: its batches go
through OpenBLAS, its single queries through what the compiler made for any x86-64 processor, on one thread whatever it is given. It is given both
metrics, L2 and inner product, which order unit rows alike, and several block sizes; the fastest counts. Ours takes squared distances.

## A batch of 1,000 queries
The bar is the bare sgemm of the same product, the fastest of OpenBLAS and MKL, into an output that holds the whole product and in tiles of gallery rows.

{batches(results)}
## Single queries, each call the next of 1,000
The bar is the streaming read of the roof below, 1 GiB that no cache holds, and beside it one pass over the gallery's own bytes (`read`), summed by as many threads in the
same process: of a gallery no larger than some times the last cache a part is read from there, more than from memory on some processors.

{singles(results)}
{allocations(results)}
## The same rows as a float64 scan
Ours must find the same ones in the same order. FAISS may exchange rows whose float64 squared distances differ by less than rounding to float32 can tell.

{agreements(results)}
## Roof: multiply-adds between registers, and a pass over 1 GiB, in turn with the single queries
{table(('D', 'threads', 'GFLOP/s', 'streaming read of 1 GiB, GB/s'), roofs)}
## Left out
{left_out((f"D = {shape['d']}", shape['turns']) for shape in shapes)}
## Settings tried for OpenBLAS and MKL, (1800, 128), one thread; the fastest is used
{settings_tried(results)}"""
