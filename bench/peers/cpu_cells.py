"""cpu_cells.py [--quick|--full]: search by k-means cells, exact and of the nearest cells only, against one pass over the gallery's bytes and FAISS IVF, in turn."""
import contextlib
import sys

import numpy as np

from cpu_cells_report import report
from harness import DATA, in_turn, machine, made_once, ours, waiting
from peers import peer
from tables import write_results

ROWS, QUERIES, K, CLASSES, RANK = 100_000, 1000, 10, 200, 16
WANTED_RECALL = 0.97
PROBES = (1, 2, 3, 4, 5, 6, 8, 12, 16, 24, 32, 64)
EXACT = ("single", "single-int8", "single-cells", "batch", "batch-int8", "batch-cells")
NOISES = (0.3, 0.5, 1.0)


def uniform(d):
    """Components even in [-1, 1)."""
    return made_once(f"uniform-g{ROWS}-q{QUERIES}-d{d}", ("gallery", "queries"), lambda: parted(np.random.default_rng(1).uniform(-1, 1, (ROWS + QUERIES, d))))


def clustered(d, noise):
    """Unit rows: a class's centre of norm 1 and normal noise of a root-mean-square norm in a subspace that all classes share, scaled."""
    def make():
        random = np.random.default_rng(1)
        centres = random.standard_normal((CLASSES, d))
        centres /= np.linalg.norm(centres, axis=1, keepdims=True)
        basis = np.linalg.qr(random.standard_normal((d, RANK)))[0]
        rows = centres[random.integers(0, CLASSES, ROWS + QUERIES)] + random.standard_normal((ROWS + QUERIES, RANK)) * (noise / RANK**0.5) @ basis.T
        return parted(rows / np.linalg.norm(rows, axis=1, keepdims=True))
    return made_once(f"classes{CLASSES}-rank{RANK}-noise{noise}-g{ROWS}-q{QUERIES}-d{d}", ("gallery", "queries"), make)


def parted(rows):
    return rows[:ROWS].astype(np.float32), rows[ROWS:].astype(np.float32)


def found(worker, workload):
    path = DATA / "found.bin"
    worker.ask("check", workload, path)
    return np.fromfile(path, np.int64).reshape(-1, K)


def recall(worker, probes, exact):
    rows = found(worker, f"single-probe:{probes}")
    return sum(len(set(a) & set(b)) for a, b in zip(rows, exact)) / exact.size


def enough(worker, exact):
    """The fewest cells with which the wanted recall is reached, and the recall; None where no number tried does it."""
    return next(((probes, share) for probes in PROBES if (share := recall(worker, probes, exact)) >= WANTED_RECALL), None)


def measure(name, d, data, rounds, budget, approximate):
    with contextlib.ExitStack() as stack:
        worker = stack.enter_context(ours(data, 1, ("--gallery", "--queries")))
        exact = found(worker, "batch")
        differ = {each: int((rows != exact[: len(rows)]).sum()) for each, rows in ((each, found(worker, each)) for each in EXACT)}
        contenders = {("ours", each): (worker, each) for each in ("read", *EXACT)}
        recalls, versions = {}, {"ours": worker.version}
        if approximate:
            faiss = stack.enter_context(peer("faiss-ivf", data, 1, {}))
            versions["faiss"] = faiss.version
            for who, each in (("ours", worker), ("faiss", faiss)):
                if (reached := enough(each, exact)) is not None:
                    recalls[who] = reached
                    contenders[who, "probe"] = each, f"single-probe:{reached[0]}"
        turns = in_turn(contenders, rounds, budget, 100)
    return {"name": name, "d": d, "n": ROWS, "places": exact.size, "differ": differ, "recalls": recalls, "turns": turns, "versions": versions,
            "waiting": waiting(reply for (who, _), replies in turns.items() if who == "ours" for reply in replies)}


def main(arguments):
    if set(arguments) - {"--quick", "--full"}:
        sys.exit("usage: run.sh [--quick|--full] [mining] [search] [cells]")
    full = "--full" in arguments
    rounds, budget, depths = (5, 5, (128, 512)) if full else (3, 0, (128,))
    results = {"machine": machine(), "mode": "full" if full else "quick", "rounds": rounds, "shapes": []}
    for d in depths:
        results["shapes"].append(measure("uniform", d, uniform(d), rounds, budget, approximate=False))
        for noise in NOISES:
            results["shapes"].append(measure(f"{CLASSES} classes, noise {noise}", d, clustered(d, noise), rounds, budget, approximate=True))
    write_results("cpu-cells", report(results), results)
    return any(any(shape["differ"].values()) for shape in results["shapes"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
