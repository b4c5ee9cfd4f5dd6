"""The tables of cpu-mining.md."""
from harness import rate
from tables import Spread, heading, left_out, number, ratio, settings_tried, table, times

PRODUCTS = ("numpy", "torch-2.10", "torch-1.13")
TORCHES = ("torch-1.13", "torch-2.10")
RULES = ("semi-hard", "semi-hard-full", "batch-hard-full", "batch-all-loss")


def fastest(turns, keys):
    return min(keys, key=lambda key: times(turns[key]).median)


def cases(results):
    return [(shape, threads) for shape in results["shapes"] for threads in shape["threads"]]


def label(shape, threads):
    return shape["n"], shape["d"], threads


def products(results):
    rows = []
    for shape, threads in cases(results):
        turns, n, d = shape["turns"], shape["n"], shape["d"]
        mine = turns["ours", "batch-hard", threads]
        best = fastest(turns, [(name, "sgemm", threads) for name in PRODUCTS])
        half = n * (n + 1) * d / 1e6
        share = Spread(100 * half / reply["ms"] / rate(roof) for roof, reply in zip(turns["roof", "multiply-add", threads], mine))
        rows.append((*label(shape, threads), times(mine), *(number(times(turns[name, "sgemm", threads]).median) for name in PRODUCTS),
                     number(times(turns["numpy", "ssyrk", threads]).median), best[0], f"**{ratio(mine, turns[best])}**", share))
    return table(("N", "D", "threads", "batch-hard, ms", "OpenBLAS, ms", "MKL, ms", "PyTorch 1.13, ms", "OpenBLAS ssyrk, ms", "fastest sgemm",
                  "batch-hard ÷ fastest sgemm", "% of FMA roof"), rows)


def rules(results):
    rows = []
    for shape, threads in cases(results):
        turns = shape["turns"]
        base = turns["ours", "batch-hard", threads]
        rows.append((*label(shape, threads), *(ratio(turns["ours", rule, threads], base) for rule in RULES)))
    return table(("N", "D", "threads", *RULES), rows)


def forms(results):
    rows = []
    for shape, threads in cases(results):
        turns = shape["turns"]
        for rule in ("batch-hard", "semi-hard"):
            mine = turns["ours", rule, threads]
            best = fastest(turns, [(name, rule, threads) for name in TORCHES])
            rows.append((*label(shape, threads), rule, times(mine), *(f"{times(turns[name, rule, threads])}, tile {shape['tiles'][name, rule, threads].split(':')[1]}"
                         for name in TORCHES), f"**{ratio(turns[best], mine)}**"))
    return table(("N", "D", "threads", "rule", "ours, ms", *(f"{name}, ms" for name in TORCHES), "fastest ÷ ours"), rows)


def scaling(results):
    rows = []
    for shape in results["shapes"]:
        turns, counts = shape["turns"], shape["threads"]
        for threads in counts[1:]:
            gains = (ratio(turns["ours", rule, 1], turns["ours", rule, threads]) for rule in ("batch-hard", "semi-hard", "batch-all-loss"))
            rows.append((shape["n"], shape["d"], threads, *gains))
    return table(("N", "D", "threads", "batch-hard", "semi-hard", "batch-all-loss"), rows)


def all_triplets(results):
    rows = []
    for n, name, theirs, mine, turns in results["all_triplets"]:
        if not turns["theirs"]:
            rows.append((n, name, theirs, turns["theirs"].reason, "", "", "", ""))
            continue
        counts = f"{turns['theirs'][0]['count']:,} / {turns[mine][0]['count']:,}"
        rows.append((n, name, theirs, times(turns["theirs"]), f"{turns['theirs'][-1]['peak_mib']:,}", f"{mine}: {times(turns[mine])}",
                     f"**{ratio(turns['theirs'], turns[mine])}**", counts))
    return table(("N", "peer", "algorithm", "theirs, ms", "theirs, peak MiB", "ours, ms", "theirs ÷ ours", "triplets, theirs / ours"), rows)


def large(results):
    return table(("N", "D", "threads", "workload", "seconds", "peak resident MiB of the process"), results["large"])


def small(results):
    turns = results["small"]
    rows = [(name, Spread(1e3 * reply["ms"] for reply in replies), replies[-1].get("allocated", "")) for name, replies in turns.items()]
    return table(("(128, 128), one thread", "µs", "managed bytes allocated a call"), rows)


def agreements(results):
    rows = [(*label(shape, 1)[:2], what, found["compared"], found["differ"], found["unexplained"])
            for shape in results["shapes"] for what, found in shape["agreement"].items()]
    return table(("N", "D", "ours against", "triplets compared", "differ", "not explained by rounding"), rows)


def report(results):
    shapes = results["shapes"]
    roofs = [(*label(shape, threads), Spread(map(rate, shape["turns"]["roof", "multiply-add", threads]))) for shape, threads in cases(results)]
    return f"""{heading("Mining", results, shapes[0]['versions'], max(shape['waiting'] for shape in shapes))}

## Batch-hard against the bare N × N × D product
Ours mines (`StatisticsLevel.Selected`); theirs is one sgemm into a preallocated output. % of roof counts the half product N(N + 1)D only.

{products(results)}
## Our other rules, as multiples of our batch-hard
{rules(results)}
## PyTorch forms of the same rules, the best tile of each
{forms(results)}
## Threads: one thread's time ÷ that of several
{scaling(results)}
## All-triplets tensors (pytorch-metric-learning's algorithm), one thread, private memory limited to {results['memory_limit_gib']} GiB
At 1,800 rows the newer PyTorch alone.

{all_triplets(results)}
## Ours alone on a large batch, each workload in a process of its own
{large(results)}
## A small batch
{small(results)}
## The same selections
{agreements(results)}
## Roof: multiply-adds between registers, in turn with the others
{table(('N', 'D', 'threads', 'GFLOP/s'), roofs)}
## Left out
{left_out((f"({shape['n']}, {shape['d']})", shape['turns']) for shape in shapes)}
## Settings tried for the peers, (1800, 128), one thread; the fastest is used
{settings_tried(results)}"""
