"""cpu_mining.py [--quick|--full]: mining on the CPU, Tercet against the bare matrix product and the PyTorch forms, in turn in one run."""
import contextlib
import os
import sys

from agreement import compare
from cpu_report import PRODUCTS, RULES, TORCHES, report
from harness import DATA, FEW, Missing, PeerError, in_turn, ours, roof, unit_rows, waiting
from peers import begin, peer
from tables import number, write_results

SHAPES = ((1800, 128), (8192, 128), (8192, 512), (16384, 128))
TILES = (128, 256, 512, 1024)


def best_tiles(workers, threads):
    """The tile of rows with which each PyTorch form is fastest here."""
    requests = {}
    for name in TORCHES:
        for rule in ("batch-hard", "semi-hard"):
            worker = workers[name, threads]
            tiles = TILES if rule == "batch-hard" else TILES[1:]
            tried = {tile: worker.time(f"{rule}:{tile}", 1, 100, warm=False)["min_ms"] for tile in tiles}
            requests[name, rule] = f"{rule}:{min(tried, key=tried.get)}"
    return requests


def check(data, workers, requests):
    """Ours and theirs select the same, before anybody is timed."""
    found = {}
    for rule in ("batch-hard", "semi-hard"):
        mine = str(DATA / "ours.bin")
        workers["ours", 1].ask("check", rule, mine)
        for name in TORCHES:
            theirs = str(DATA / "theirs.bin")
            workers[name, 1].ask("check", requests[name, rule], theirs)
            found[f"{rule}, {name}"] = compare(data, mine, theirs)
    return found


def measure(n, d, rounds, budget, settings, thread_counts):
    data = unit_rows(n, d)
    with contextlib.ExitStack() as stack:
        workers = {("ours", threads): stack.enter_context(ours(data, threads)) for threads in thread_counts}
        for name in PRODUCTS:
            for threads in thread_counts:
                workers[name, threads] = stack.enter_context(peer(name, data, threads, settings))
        contenders = {}
        for threads in thread_counts:
            requests = best_tiles(workers, threads)
            if threads == 1:
                agreement = check(data, workers, requests)
            contenders["roof", "multiply-add", threads] = stack.enter_context(roof(threads)), "multiply-add"
            contenders["ours", "batch-hard", threads] = workers["ours", threads], "batch-hard"
            for name in PRODUCTS:
                contenders[name, "sgemm", threads] = workers[name, threads], "sgemm"
            contenders["numpy", "ssyrk", threads] = workers["numpy", threads], "ssyrk"
            for name, rule in requests:
                contenders[name, rule, threads] = workers[name, threads], requests[name, rule]
            for rule in RULES:
                # In a process of its own: where it takes too long, only that one is ended.
                worker = stack.enter_context(ours(data, threads)) if rule == "batch-all-loss" else workers["ours", threads]
                contenders["ours", rule, threads] = worker, rule
        turns = in_turn(contenders, rounds, budget)
        versions = {name: worker.version for (name, threads), worker in workers.items() if threads == 1}
    return {"n": n, "d": d, "threads": thread_counts, "turns": turns, "agreement": agreement, "versions": versions,
            "tiles": {key: request for key, (_, request) in contenders.items() if ":" in request}, "waiting": waiting(reply for key, replies in turns.items() if key[2] == 1 for reply in replies)}


def all_triplets(n, names, settings, limit):
    """pytorch-metric-learning's algorithm, with so much memory and no more, so that it fails instead of the machine."""
    data, results = unit_rows(n, 128), []
    for name in names:
        for theirs, mine in (("pml-semi-hard", ("semi-hard", "all-semi-hard")), ("pml-loss", ("batch-all-loss",))):
            try:
                with ours(data, 1) as worker, peer(name, data, 1, settings, memory_limit=limit) as other:
                    turns = in_turn({"theirs": (other, theirs), **{workload: (worker, workload) for workload in mine}}, FEW, budget=0)
            except PeerError as error:
                turns = {"theirs": Missing(error)}
            results += [(n, name, theirs, workload, turns) for workload in (mine if turns["theirs"] else mine[:1])]
    return results


def large(n, thread_counts):
    data = unit_rows(n, 128)
    rows = []
    for workload in ("batch-hard", "semi-hard", "batch-all-loss"):
        with ours(data, max(thread_counts)) as worker:
            try:
                reply = worker.time(workload, 3 if workload == "batch-hard" else 1, warm=False)
                rows.append((n, 128, max(thread_counts), workload, number(reply["ms"] / 1e3), f"{reply['peak_mib']:,}"))
            except PeerError as error:
                rows.append((n, 128, max(thread_counts), workload, str(error), ""))
    return rows


def small(rounds, settings):
    data = unit_rows(128, 128)
    with ours(data, 1) as worker, peer("torch-1.13", data, 1, settings) as first, peer("torch-2.10", data, 1, settings) as second:
        return in_turn({"batch-hard": (worker, "batch-hard"), "semi-hard": (worker, "semi-hard"), "torch-1.13": (first, "batch-hard:128"),
                        "torch-2.10": (second, "batch-hard:128")}, rounds, budget=30)


def main(arguments):
    full, thread_counts, settings, results = begin(arguments, PRODUCTS)
    rounds, budget = (7, 80) if full else (5, 60)
    available = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    results |= {
        "rounds": rounds,
        "shapes": [measure(n, d, rounds, budget, settings, thread_counts) for n, d in (SHAPES if full else SHAPES[:1])],
        "memory_limit_gib": round(0.75 * available / 2**30, 1),
        "all_triplets": [row for n, names in (((600, TORCHES), (1800, TORCHES[1:])) if full else ((600, TORCHES),))
                         for row in all_triplets(n, names, settings, int(0.75 * available))],
        "large": large(65_536 if full else 16_384, thread_counts),
        "small": small(rounds, settings),
    }
    write_results("cpu-mining", report(results), results)
    return any(found["unexplained"] for shape in results["shapes"] for found in shape["agreement"].values())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
