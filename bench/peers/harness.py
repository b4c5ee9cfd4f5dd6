"""What every comparison shares: data made once, workers pinned to cores and called in turn, the machine's description, tables of medians."""
import contextlib
import datetime
import json
import os
import pathlib
import re
import resource
import subprocess
import threading
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = ROOT / "bench/peers"
DATA = ROOT / "artifacts/peers"
PYTHON = "/usr/bin/python3"
OURS = ["dotnet", str(ROOT / "bench/Tercet.Bench/bin/Release/net10.0/Tercet.Bench.dll")]
TORCH_PEER = ["dotnet", str(HERE / "TorchPeer/bin/Release/net10.0/TorchPeer.dll")]
PRELOAD = HERE / "TorchPeer/bin/Release/net10.0/libios_init.so"
# Large temporaries from the heap instead of fresh pages on every call, for the peers that cannot be given all their outputs.
KEEP_PAGES = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 36), "MALLOC_TOP_PAD_": str(64 << 20)}
# On one busy core .NET takes seconds to bring in the code that it has optimised. Asked not to wait, it does so within the untimed calls: the code
# is the same, only sooner. For everybody that runs on .NET, the peer included.
OPTIMISE_AT_ONCE = {"DOTNET_TC_CallCountingDelayMs": "0"}
# A comparison must end. Seconds from which a call is made in FEW rounds, from which its first call is all there is, and after which it is stopped.
LONG_CALL, VERY_LONG_CALL, CALL_LIMIT, FEW = 2, 20, 120, 3


class PeerError(Exception):
    """A peer that gave up, died or was stopped; the text says why."""


class Missing(list):
    """The turns of a contender that has none, and why."""

    def __init__(self, reason):
        super().__init__()
        self.reason = str(reason)


class Worker:
    """One process with its data loaded, pinned to cores 0 .. threads − 1, that runs a workload when told to.
    memory_limit bounds its private memory in bytes (not address space: runtimes reserve far more of that than they use)."""

    def __init__(self, name, command, threads=1, environment=None, memory_limit=None):
        self.name, self.threads = name, threads
        limits = (lambda: resource.setrlimit(resource.RLIMIT_DATA, (memory_limit, memory_limit))) if memory_limit else None
        variables = {f"{library}_NUM_THREADS": str(threads) for library in ("OPENBLAS", "OMP", "MKL")}
        cores = ",".join(map(str, range(threads)))
        self.process = subprocess.Popen(["taskset", "-c", cores, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env=os.environ | variables | OPTIMISE_AT_ONCE | (environment or {}), preexec_fn=limits)
        self.version = self.read()["version"]

    def ask(self, *words):
        try:
            print(*words, file=self.process.stdin, flush=True)
        except BrokenPipeError:
            pass
        return self.read()

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            raise PeerError(f"{self.name} ended with status {self.process.wait()}")
        reply = json.loads(line)
        if "error" in reply:
            raise PeerError(reply["error"])
        return reply

    def time(self, workload, calls=1, milliseconds=0, warm=True):
        """Median time of a call, after one untimed call when warm; the reply of the worker. Ends the worker when it takes too long."""
        begin = time.monotonic()
        stop = threading.Timer(CALL_LIMIT, self.process.kill)
        stop.start()
        try:
            return self.ask("time", workload, calls, milliseconds, int(warm))
        except PeerError as error:
            raise PeerError(f"stopped after {CALL_LIMIT} s" if time.monotonic() - begin >= CALL_LIMIT else str(error)) from None
        finally:
            stop.cancel()

    def close(self):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def ours(data, threads, names=("--embeddings", "--labels"), **options):
    return Worker("ours", [*OURS, "peer-ours", names[0], data[0], names[1], data[1], "--threads", str(threads)], threads, **options)


def roof(threads):
    """What so many cores can do at most: "multiply-add" between registers, "stream" over memory that no cache holds. To be measured in turn with the others."""
    return Worker("roof", [*OURS, "peer-ours", "--roof", "--threads", str(threads)], threads)


def rate(reply):
    """Of a roof: GFLOP/s, or 10⁹ floats/s."""
    return reply["count"] / reply["ms"] / 1e6


def in_turn(contenders, rounds, budget, milliseconds=200):
    """contenders: {key: (worker, workload)}. Calls A B C … A B C …; gives {key: [reply of each round]}, or Missing. FEW rounds, and more of them, up to
    so many, as long as they fit into the budget, in seconds; long calls are made in fewer. Threads that spin after a call get time to go to sleep
    before the next worker's turn."""
    turns, seconds = {}, {}

    def call(key, least, warm):
        worker, workload = contenders[key]
        try:
            turns[key].append(worker.time(workload, 1, least, warm))
        except PeerError as error:
            turns[key] = Missing(error)

    for key in contenders:
        turns[key] = []
        call(key, 5 * milliseconds, warm=False)
        seconds[key] = turns[key][0]["ms"] / 1e3 if turns[key] else float("inf")
        if seconds[key] < VERY_LONG_CALL:
            turns[key].clear()
    start, longest = time.monotonic(), 0
    for done in range(rounds):
        begin = time.monotonic()
        if done >= FEW and begin - start + longest > budget:
            break
        for key in contenders:
            if seconds[key] < (LONG_CALL if done >= FEW else VERY_LONG_CALL):
                time.sleep(0.1)
                call(key, milliseconds, warm=seconds[key] < 0.5)
        longest = time.monotonic() - begin
    return turns


def unit_rows(n, d, per_identity=40, seed=17):
    """Rows around one centre an identity, in shuffled order, and their labels: the paths of X.npy and Y.npy, made once."""
    def make():
        random = np.random.default_rng(seed)
        labels = random.permutation(np.arange(n) // per_identity)
        return around_centres(random, labels, d), labels
    return made_once(f"n{n}-d{d}-k{per_identity}-seed{seed}", ("x", "y"), make)


def gallery_and_queries(n, d, queries, per_identity=40, seed=17):
    """Rows around one centre an identity, in shuffled order, parted into a gallery and queries of the same identities: the paths of both, made once."""
    def make():
        random = np.random.default_rng(seed)
        rows = around_centres(random, random.permutation(np.arange(n + queries) // per_identity), d)
        return rows[:n], rows[n:]
    return made_once(f"g{n}-q{queries}-d{d}-k{per_identity}-seed{seed}", ("gallery", "queries"), make)


def around_centres(random, labels, d):
    """Unit-norm rows. The centre's share of a row is such that positives and negatives overlap in every dimension alike, as they do while a model is
    being trained."""
    share = 0.2 * (128 / d) ** 0.5
    x = random.standard_normal((labels.max() + 1, d))[labels] * (share / (1 - share)) ** 0.5 + random.standard_normal((len(labels), d))
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


def made_once(folder, names, make):
    paths = [DATA / folder / f"{name}.npy" for name in names]
    if not all(path.exists() for path in paths):
        (DATA / folder).mkdir(parents=True, exist_ok=True)
        for path, values in zip(paths, make()):
            np.save(path, values)
    return tuple(map(str, paths))


def machine():
    text = subprocess.run(["lscpu"], check=True, capture_output=True, text=True, env=os.environ | {"LC_ALL": "C"}).stdout
    facts = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in text.splitlines())}
    flags = facts.get("Flags", "").split()
    name = f"{facts.get('Model name', 'unknown')} family {facts.get('CPU family', '?')} model {facts.get('Model', '?')}"
    return {
        "name": name,
        "slug": re.sub("[^a-z0-9]+", "-", name.lower().replace("(r)", "").replace("(tm)", "")).strip("-") + f"-{os.cpu_count()}c",
        "cores": os.cpu_count(),
        "flags": [flag for flag in ("avx2", "fma", "avx512f", "avx512_vnni", "amx_tile", "asimd") if flag in flags],
        "caches": {level: facts.get(f"{level} cache", "?") for level in ("L1d", "L2", "L3")},
        "date": datetime.date.today().isoformat(),
        "commit": subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True).stdout.strip(),
        "load_at_start": round(os.getloadavg()[0], 2),
    }


def waiting(replies):
    """How much longer than its own processor time calls on one thread took, at most: above 0.1, somebody else was using the core."""
    return max(reply["ms"] / max(reply["cpu_ms"], 1e-9) - 1 for reply in replies)
