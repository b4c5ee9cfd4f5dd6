"""The peers' processes, each with the settings that are its fastest here."""
import os
import subprocess
import sys

from harness import HERE, KEEP_PAGES, PRELOAD, PYTHON, TORCH_PEER, Worker, machine, unit_rows

SCRIPTS = {"numpy": "numpy_peer.py", "torch-1.13": "torch_peer.py", "faiss": "faiss_peer.py", "faiss-ivf": "faiss_ivf_peer.py"}


def peer_command(name, data, threads):
    start = [PYTHON, str(HERE / SCRIPTS[name])] if name in SCRIPTS else TORCH_PEER
    return [*start, *data, str(threads)]


def peer(name, data, threads, settings, **options):
    environment = settings.get(name, {}) | ({} if name == "numpy" or "memory_limit" in options else KEEP_PAGES)
    if name == "torch-2.10" and PRELOAD.exists():
        environment["LD_PRELOAD"] = str(PRELOAD)
    return Worker(name, peer_command(name, data, threads), threads, environment=environment, **options)


def fastest_settings(flags, names):
    """A library may not know this processor and fall back to kernels of twenty years ago: each is given the setting with which it is fastest.
    Those that use OpenBLAS get its fastest setting. Gives the settings and what was tried."""
    kernels = [{}] + [{"OPENBLAS_CORETYPE": kernel} for kernel, flag in (("Haswell", "avx2"), ("Zen", "avx2"), ("SkylakeX", "avx512f")) if flag in flags]
    widths = [{}] + [{"ATEN_CPU_CAPABILITY": width} for width, flag in (("avx2", "avx2"), ("avx512", "avx512f")) if flag in flags]
    data = unit_rows(1800, 128)
    settings, tried = {}, {}
    for name, workload, variants in (("numpy", "sgemm", kernels), ("torch-1.13", "batch-hard:512", widths), ("torch-2.10", "batch-hard:512", widths)):
        if name not in names:
            continue
        tried[name] = []
        for variant in variants:
            blas = settings["numpy"] if name == "torch-1.13" else {}
            with peer(name, data, 1, {name: blas | variant}) as worker:
                worker.time(workload, 3)
                tried[name].append((worker.time(workload, 20, 500)["min_ms"], worker.version, blas | variant))
        settings[name] = min(tried[name], key=lambda each: each[0])[2]
    settings["faiss"] = settings["numpy"]
    return settings, tried


def mkl():
    """MKL's own account of itself and of the kernels it chose."""
    environment = os.environ | {"MKL_VERBOSE": "1"} | ({"LD_PRELOAD": str(PRELOAD)} if PRELOAD.exists() else {})
    told = subprocess.run(peer_command("torch-2.10", unit_rows(1800, 128), 1), input="time sgemm 1 0 0\n", capture_output=True, text=True, env=environment)
    return next((line.removeprefix("MKL_VERBOSE ") for line in told.stdout.split("\n") if "MKL_VERBOSE oneMKL" in line), "unknown")


def begin(arguments, names):
    """What every comparison starts with: whether it is the full one, the numbers of threads, the peers' settings, and the first of the results."""
    if set(arguments) - {"--quick", "--full"}:
        sys.exit("usage: run.sh [--quick|--full] [mining] [search]")
    full, facts = "--full" in arguments, machine()
    settings, tried = fastest_settings(facts["flags"], names)
    results = {"machine": facts, "mode": "full" if full else "quick", "tried": tried, "settings": settings, "mkl": mkl()}
    return full, [threads for threads in (1, 2) if threads <= facts["cores"]], settings, results
