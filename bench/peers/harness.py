"""What every comparison shares: data made once, workers pinned to cores and called in turn, the machine's description, tables of medians."""
import datetime
import json
import os
import pathlib
import re
import resource
import statistics
import subprocess
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


class PeerError(Exception):
    """A peer that gave up, or died; the text is its own."""


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
        """Median time of a call, after one untimed call when warm; the reply of the worker."""
        return self.ask("time", workload, calls, milliseconds, int(warm))

    def close(self):
        self.process.stdin.close()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def ours(data, threads, **options):
    return Worker("ours", [*OURS, "peer-ours", "--embeddings", data[0], "--labels", data[1], "--threads", str(threads)], threads, **options)


def in_turn(contenders, rounds, milliseconds=200):
    """contenders: {key: (worker, workload)}. Calls A B C … A B C …; gives {key: [reply of each round]}. Threads that spin after a call get time
    to go to sleep before the next worker's turn."""
    seconds = {}
    for key, (worker, workload) in contenders.items():
        seconds[key] = worker.time(workload, 1, 5 * milliseconds, warm=False)["ms"] / 1e3
    turns = {key: [] for key in contenders}
    for _ in range(rounds):
        for key, (worker, workload) in contenders.items():
            time.sleep(0.25)
            turns[key].append(worker.time(workload, 1, milliseconds, warm=seconds[key] < 0.5))
    return turns


def unit_rows(n, d, per_identity=40, seed=17):
    """Unit-norm rows around one centre an identity, in shuffled order, and their labels: the paths of X.npy and Y.npy, made once. The centre's
    share of a row is such that positives and negatives overlap in every dimension alike, as they do while a model is being trained."""
    folder = DATA / f"n{n}-d{d}-k{per_identity}-seed{seed}"
    paths = str(folder / "x.npy"), str(folder / "y.npy")
    if not all(map(os.path.exists, paths)):
        random = np.random.default_rng(seed)
        labels = random.permutation(np.arange(n) // per_identity)
        share = 0.2 * (128 / d) ** 0.5
        x = random.standard_normal((n // per_identity + 1, d))[labels] * (share / (1 - share)) ** 0.5 + random.standard_normal((n, d))
        x /= np.linalg.norm(x, axis=1, keepdims=True)
        folder.mkdir(parents=True, exist_ok=True)
        np.save(paths[0], x.astype(np.float32))
        np.save(paths[1], labels.astype(np.int64))
    return paths


def roof(threads):
    """Peak multiply-adds (GFLOP/s) and streaming reads (10⁹ bytes/s) of so many cores, measured now."""
    cores = ",".join(map(str, range(threads)))
    return json.loads(subprocess.run(["taskset", "-c", cores, *OURS, "roof", str(threads)], check=True, capture_output=True, text=True).stdout)


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


class Spread:
    """Median, least and greatest of one number a round."""

    def __init__(self, values):
        values = list(values)
        self.median, self.least, self.greatest = statistics.median(values), min(values), max(values)

    def __str__(self):
        return f"{number(self.median)} ({number(self.least)}–{number(self.greatest)})"

    def json(self):
        return {"median": self.median, "min": self.least, "max": self.greatest}


def times(replies):
    return Spread(reply["ms"] for reply in replies)


def ratio(replies, others):
    """Of two contenders round by round: each pair was measured one after the other."""
    return Spread(a["ms"] / b["ms"] for a, b in zip(replies, others))


def number(value):
    return f"{value:.4g}" if value < 1000 else f"{value:,.0f}"


def table(head, rows):
    lines = ["| " + " | ".join(map(str, row)) + " |" for row in (head, ["---"] * len(head), *rows)]
    return "\n".join(lines) + "\n"


def write_results(name, facts, markdown, values):
    """bench/results/<machine>/<name>.md and .json."""
    folder = ROOT / "bench/results" / facts["slug"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.md").write_text(markdown)
    (folder / f"{name}.json").write_text(json.dumps(values, indent=1, default=lambda value: value.json()) + "\n")
    return folder / f"{name}.md"
