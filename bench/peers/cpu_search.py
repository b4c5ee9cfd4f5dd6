"""cpu_search.py [--quick|--full]: exact search on the CPU, Tercet against FAISS, the bare product and one pass over the gallery's bytes, in turn in one run."""
import contextlib
import sys

import numpy as np

from cpu_search_report import PRODUCTS, report
from harness import DATA, gallery_and_queries, in_turn, ours, roof, waiting
from peers import begin, peer
from tables import write_results

ROWS, QUERIES, K = 100_000, 1000, 10
TILES = ("sgemm", "sgemm:1024", "sgemm:4096", "sgemm:16384")
BLOCKS = (1024, 4096, 16384)
METRICS = ("l2", "ip")


def fastest(worker, requests):
    """The request, of several for the same, with which a peer is fastest here."""
    return min(requests, key=lambda request: worker.time(request, 2)["min_ms"])


def oracle(data):
    """A float64 scan: each query's K nearest rows, of equal distances the lowest first, and their squared distances."""
    gallery, queries = (np.load(path).astype(np.float64) for path in data)
    norms, found = (gallery**2).sum(1), []
    for start in range(0, len(queries), 100):
        block = queries[start : start + 100]
        distances = (block**2).sum(1)[:, None] + norms - 2 * (block @ gallery.T)
        # A few more than K, so that rows as far as the last one are there to be ordered.
        rows = np.sort(np.argpartition(distances, K + 5, axis=1)[:, : K + 5], axis=1)
        exact = ((gallery[rows] - block[:, None]) ** 2).sum(2)
        order = np.argsort(exact, axis=1, kind="stable")[:, :K]
        found.append((np.take_along_axis(rows, order, 1), np.take_along_axis(exact, order, 1)))
    return gallery, queries, *map(np.concatenate, zip(*found))


def check(data, workers, requests):
    """Everybody finds the rows that a float64 scan finds, before anybody is timed. Ours exactly; FAISS where rounding to float32 cannot tell them apart."""
    gallery, queries, rows, distances = oracle(data)
    found = {}
    for name, workload in requests:
        path = DATA / "found.bin"
        workers[name, 1].ask("check", workload, path)
        theirs = np.fromfile(path, np.int64).reshape(-1, K)
        expected, exact = rows[: len(theirs)], distances[: len(theirs)]
        differ = theirs != expected
        gap = np.abs(((gallery[theirs] - queries[: len(theirs), None]) ** 2).sum(2) - exact)
        bound = 0 if name == "ours" else 8 * np.finfo(np.float32).eps * np.sqrt(gallery.shape[1])
        twice = sum(K - len(set(each)) for each in theirs)
        found[f"{name}, {workload}"] = {"compared": theirs.size, "differ": int(differ.sum()), "unexplained": int((differ & (gap > bound)).sum()) + twice}
    return found


def measure(d, rounds, budget, settings, thread_counts):
    data = gallery_and_queries(ROWS, d, QUERIES)
    with contextlib.ExitStack() as stack:
        workers, batch, single = {}, {}, {}
        for threads in thread_counts:
            workers["ours", threads] = stack.enter_context(ours(data, threads, ("--gallery", "--queries")))
            for name in (*PRODUCTS, "faiss"):
                workers[name, threads] = stack.enter_context(peer(name, data, threads, settings))
            tiles = {name: fastest(workers[name, threads], TILES) for name in PRODUCTS}
            blocks = {metric: fastest(workers["faiss", threads], [f"batch:{metric}:{block}" for block in BLOCKS]) for metric in METRICS}
            requests = [("ours", each) for each in ("batch", "batch-int8", "single", "single-int8")]
            requests += [("faiss", each) for metric in METRICS for each in (blocks[metric], f"single:{metric}")]
            if threads == 1:
                agreement = check(data, workers, requests)
            for name, what in [*tiles.items(), *(("numpy", "sgemm"), ("torch-2.10", "sgemm")), *(each for each in requests if "batch" in each[1])]:
                batch[name, what, threads] = workers[name, threads], what
            roofs = stack.enter_context(roof(threads))
            for what in ("multiply-add", "stream"):
                single["roof", what, threads] = roofs, what
            for name, what in [("ours", "read"), *(each for each in requests if "single" in each[1])]:
                single[name, what, threads] = workers[name, threads], what

        turns = in_turn(batch, rounds, budget) | in_turn(single, rounds, budget, 60 * rounds)
        versions = {name: worker.version for (name, threads), worker in workers.items() if threads == 1}
    return {"n": ROWS, "d": d, "threads": thread_counts, "turns": turns, "agreement": agreement, "versions": versions,
            "waiting": waiting(reply for key, replies in turns.items() if key[2] == 1 for reply in replies)}


def main(arguments):
    full, thread_counts, settings, results = begin(arguments, PRODUCTS)
    rounds, budget, depths = (7, 60, (128, 512)) if full else (3, 0, (128,))
    results |= {"rounds": rounds, "shapes": [measure(d, rounds, budget, settings, thread_counts) for d in depths]}
    write_results("cpu-search", report(results), results)
    return any(found["unexplained"] for shape in results["shapes"] for found in shape["agreement"].values())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
