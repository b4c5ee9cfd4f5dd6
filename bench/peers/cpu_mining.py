"""cpu_mining.py [--quick|--full]: mining on the CPU, Tercet against the bare matrix product and the PyTorch forms, in turn in one run."""
import contextlib
import os
import subprocess
import sys

from agreement import compare
from cpu_report import PRODUCTS, RULES, TORCHES, plain, report
from harness import (DATA, HERE, KEEP_PAGES, PRELOAD, PYTHON, TORCH_PEER, PeerError, Worker, in_turn, machine, ours, roof, unit_rows,
                     waiting, write_results)

SHAPES = ((1800, 128), (8192, 128), (8192, 512), (16384, 128))
TILES = (128, 256, 512, 1024)


def peer_command(name, data, threads):
    script = {"numpy": "numpy_peer.py", "torch-1.13": "torch_peer.py"}
    start = [PYTHON, str(HERE / script[name])] if name in script else TORCH_PEER
    return [*start, *data, str(threads)]


def peer(name, data, threads, settings, **options):
    environment = settings.get(name, {}) | ({} if name == "numpy" or "memory_limit" in options else KEEP_PAGES)
    if name == "torch-2.10" and PRELOAD.exists():
        environment["LD_PRELOAD"] = str(PRELOAD)
    return Worker(name, peer_command(name, data, threads), threads, environment=environment, **options)


def fastest_settings(flags):
    """A library may not know this processor and fall back to kernels of twenty years ago: each is given the setting with which it is fastest."""
    kernels = [{}] + [{"OPENBLAS_CORETYPE": kernel} for kernel, flag in (("Haswell", "avx2"), ("Zen", "avx2"), ("SkylakeX", "avx512f")) if flag in flags]
    widths = [{}] + [{"ATEN_CPU_CAPABILITY": width} for width, flag in (("avx2", "avx2"), ("avx512", "avx512f")) if flag in flags]
    data = unit_rows(1800, 128)
    settings, tried = {}, {}
    for name, workload, variants in (("numpy", "sgemm", kernels), ("torch-1.13", "batch-hard:512", widths), ("torch-2.10", "batch-hard:512", widths)):
        tried[name] = []
        for variant in variants:
            blas = settings.get("numpy", {}) if name == "torch-1.13" else {}
            with peer(name, data, 1, {name: blas | variant}) as worker:
                worker.time(workload, 3)
                tried[name].append((worker.time(workload, 20, 500)["min_ms"], worker.version, blas | variant))
        settings[name] = min(tried[name], key=lambda each: each[0])[2]
    return settings, tried


def mkl():
    """MKL's own account of itself and of the kernels it chose."""
    environment = os.environ | {"MKL_VERBOSE": "1"} | ({"LD_PRELOAD": str(PRELOAD)} if PRELOAD.exists() else {})
    told = subprocess.run(peer_command("torch-2.10", unit_rows(1800, 128), 1), input="time sgemm 1 0 0\n", capture_output=True, text=True, env=environment)
    return next((line.removeprefix("MKL_VERBOSE ") for line in told.stdout.split("\n") if "MKL_VERBOSE oneMKL" in line), "unknown")


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


def measure(n, d, rounds, settings, thread_counts):
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
            contenders["ours", "batch-hard", threads] = workers["ours", threads], "batch-hard"
            for name in PRODUCTS:
                contenders[name, "sgemm", threads] = workers[name, threads], "sgemm"
            contenders["numpy", "ssyrk", threads] = workers["numpy", threads], "ssyrk"
            for name, rule in requests:
                contenders[name, rule, threads] = workers[name, threads], requests[name, rule]
            for rule in RULES:
                contenders["ours", rule, threads] = workers["ours", threads], rule
        roofs = {threads: roof(threads) for threads in thread_counts}
        turns = in_turn(contenders, rounds)
        for threads in thread_counts:
            again = roof(threads)
            roofs[threads] = {key: max(roofs[threads][key], again[key]) for key in ("gflops", "read_gb_s")}
        versions = {name: worker.version for (name, threads), worker in workers.items() if threads == 1}
    return {"n": n, "d": d, "turns": turns, "roofs": roofs, "agreement": agreement, "versions": versions,
            "tiles": {key: request for key, (_, request) in contenders.items() if ":" in request}, "waiting": waiting(reply for key, replies in turns.items() if key[2] == 1 for reply in replies)}


def all_triplets(n, rounds, settings, limit):
    """pytorch-metric-learning's algorithm, with so much memory and no more, so that it fails instead of the machine."""
    data, results = unit_rows(n, 128), []
    for name in TORCHES:
        for theirs, mine in (("pml-semi-hard", ("semi-hard", "all-semi-hard")), ("pml-loss", ("batch-all-loss",))):
            try:
                with ours(data, 1) as worker, peer(name, data, 1, settings, memory_limit=limit) as other:
                    turns = in_turn({"theirs": (other, theirs), **{workload: (worker, workload) for workload in mine}}, rounds)
                    results += [(n, name, theirs, workload, turns) for workload in mine]
            except PeerError as error:
                results.append((n, name, theirs, mine[0], str(error)))
    return results


def large(n, thread_counts):
    data = unit_rows(n, 128)
    rows = []
    for workload in ("batch-hard", "semi-hard", "batch-all-loss"):
        with ours(data, max(thread_counts)) as worker:
            reply = worker.time(workload, 3 if workload == "batch-hard" else 1, warm=False)
            rows.append((n, 128, max(thread_counts), workload, reply["ms"] / 1e3, reply["peak_mib"]))
    return rows


def small(rounds, settings):
    data = unit_rows(128, 128)
    with ours(data, 1) as worker, peer("torch-1.13", data, 1, settings) as first, peer("torch-2.10", data, 1, settings) as second:
        return in_turn({"batch-hard": (worker, "batch-hard"), "semi-hard": (worker, "semi-hard"), "torch-1.13": (first, "batch-hard:128"),
                        "torch-2.10": (second, "batch-hard:128")}, rounds)


def main(arguments):
    if set(arguments) - {"--quick", "--full"}:
        sys.exit("usage: run.sh [--quick|--full]")
    full = "--full" in arguments
    facts = machine()
    rounds = 7 if full else 5
    thread_counts = [threads for threads in (1, 2) if threads <= facts["cores"]]
    available = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    settings, tried = fastest_settings(facts["flags"])
    results = {
        "machine": facts,
        "mode": "full" if full else "quick",
        "rounds": rounds,
        "tried": tried,
        "settings": settings,
        "mkl": mkl(),
        "shapes": [measure(n, d, rounds, settings, thread_counts) for n, d in (SHAPES if full else SHAPES[:1])],
        "memory_limit_gib": round(0.75 * available / 2**30, 1),
        "all_triplets": [row for n in ((600, 1800) if full else (600,)) for row in all_triplets(n, 3, settings, int(0.75 * available))],
        "large": large(65_536 if full else 16_384, thread_counts),
        "small": small(rounds, settings),
    }
    path = write_results("cpu-mining" if full else "cpu-mining-quick", facts, report(results), plain(results))
    print(path.read_text())
    print(f"written to {path}")
    return any(found["unexplained"] for shape in results["shapes"] for found in shape["agreement"].values())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
