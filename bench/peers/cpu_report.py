"""The tables of cpu-mining.md."""
from harness import Spread, number, ratio, table, times

PRODUCTS = ("numpy", "torch-2.10", "torch-1.13")
TORCHES = ("torch-1.13", "torch-2.10")
RULES = ("semi-hard", "semi-hard-full", "batch-hard-full", "batch-all-loss")


def fastest(turns, keys):
    return min(keys, key=lambda key: times(turns[key]).median)


def cases(results):
    return [(shape, threads) for shape in results["shapes"] for threads in shape["roofs"]]


def label(shape, threads):
    return shape["n"], shape["d"], threads


def products(results):
    rows = []
    for shape, threads in cases(results):
        turns, n, d = shape["turns"], shape["n"], shape["d"]
        mine = turns["ours", "batch-hard", threads]
        best = fastest(turns, [(name, "sgemm", threads) for name in PRODUCTS])
        half = n * (n + 1) * d / 1e6
        share = Spread(100 * half / reply["ms"] / shape["roofs"][threads]["gflops"] for reply in mine)
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
        turns, counts = shape["turns"], list(shape["roofs"])
        for threads in counts[1:]:
            gains = (ratio(turns["ours", rule, 1], turns["ours", rule, threads]) for rule in ("batch-hard", "semi-hard", "batch-all-loss"))
            rows.append((shape["n"], shape["d"], threads, *gains))
    return table(("N", "D", "threads", "batch-hard", "semi-hard", "batch-all-loss"), rows)


def all_triplets(results):
    rows = []
    for n, name, theirs, mine, turns in results["all_triplets"]:
        if isinstance(turns, str):
            rows.append((n, name, theirs, turns, "", "", "", ""))
            continue
        counts = f"{turns['theirs'][0]['count']:,} / {turns[mine][0]['count']:,}"
        rows.append((n, name, theirs, times(turns["theirs"]), f"{turns['theirs'][-1]['peak_mib']:,}", f"{mine}: {times(turns[mine])}",
                     f"**{ratio(turns['theirs'], turns[mine])}**", counts))
    return table(("N", "peer", "algorithm", "theirs, ms", "theirs, peak MiB", "ours, ms", "theirs ÷ ours", "triplets, theirs / ours"), rows)


def large(results):
    return table(("N", "D", "threads", "workload", "seconds", "peak resident MiB of the process"),
                 [(*row[:4], number(row[4]), f"{row[5]:,}") for row in results["large"]])


def small(results):
    turns = results["small"]
    rows = [(name, Spread(1e3 * reply["ms"] for reply in replies), replies[-1].get("allocated", "")) for name, replies in turns.items()]
    return table(("(128, 128), one thread", "µs", "managed bytes allocated a call"), rows)


def agreements(results):
    rows = [(*label(shape, 1)[:2], what, found["compared"], found["differ"], found["unexplained"])
            for shape in results["shapes"] for what, found in shape["agreement"].items()]
    return table(("N", "D", "ours against", "triplets compared", "differ", "not explained by rounding"), rows)


def report(results):
    facts = results["machine"]
    waits = max(shape["waiting"] for shape in results["shapes"])
    noisy = facts["load_at_start"] > 0.5 or waits > 0.1
    roofs = [(*label(shape, threads), shape["roofs"][threads]["gflops"], shape["roofs"][threads]["read_gb_s"]) for shape, threads in cases(results)]
    tried = [(name, version, " ".join(f"{key}={value}" for key, value in setting.items()) or "its own choice", number(milliseconds))
             for name, variants in results["tried"].items() for milliseconds, version, setting in variants]
    return f"""# Mining on the CPU, against peers ({results['mode']})

{facts['name']}, {facts['cores']} cores, {' '.join(facts['flags'])}, caches {', '.join(' '.join(each) for each in facts['caches'].items())}. {facts['date']}, commit {facts['commit']}.
Load average at the start {facts['load_at_start']}; the calls waited for a core up to {100 * waits:.0f} % of their processor time.
{'**The machine was noisy: ratios are indicative only.**' if noisy else 'The machine was quiet.'}

Everybody in turn, {results['rounds']} rounds; every number is the median over the rounds (least–greatest) of a turn's median call; a ratio is
taken round by round. One thread runs on core 0, two on cores 0 and 1. Rows of unit norm, 40 an identity, in shuffled order, squared distances.
Versions: {'; '.join(f'{name}: {version}' for name, version in results['shapes'][0]['versions'].items())}. {results['mkl']}.

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
{all_triplets(results)}
## Ours alone on a large batch, each workload in a process of its own
{large(results)}
## A small batch
{small(results)}
## The same selections
{agreements(results)}
## Roof, measured before and after each shape
{table(('N', 'D', 'threads', 'GFLOP/s', 'streaming read, GB/s'), roofs)}
## Settings tried for the peers, (1800, 128), one thread; the fastest is used
{table(('peer', 'version', 'setting', 'ms'), tried)}"""


def plain(results):
    """Keys of several parts as text, for JSON."""
    if isinstance(results, dict):
        return {"/".join(map(str, key)) if isinstance(key, tuple) else str(key): plain(value) for key, value in results.items()}
    if isinstance(results, (list, tuple)):
        return [plain(value) for value in results]
    return results
