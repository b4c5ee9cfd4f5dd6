"""gpu_peers.py [NxD ...]: what others take on the card for the same rows: the bare N x N product, and PyTorch's forms of batch-hard mining. Prints a table.

Times are CUDA events, the cache emptied before each call, medians of 7. Exit status 77: there is no PyTorch with CUDA here.
"""
import sys

try:
    import torch
except ImportError:
    torch = None
if torch is None or not torch.cuda.is_available():
    print("gpu_peers: no PyTorch with CUDA here: left out")
    sys.exit(77)

CALLS = 7
SHAPES = ["1800x128", "8192x512", "65536x128", "65536x512", "262144x512"]
flush = torch.empty(256 << 20, dtype=torch.uint8, device="cuda")


def time(call):
    """Median milliseconds, and the most memory beyond what was held before."""
    call()
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    held = torch.cuda.memory_allocated()
    times = []
    for _ in range(CALLS):
        flush.zero_()
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        call()
        end.record()
        torch.cuda.synchronize()
        times.append(start.elapsed_time(end))
    return sorted(times)[CALLS // 2], torch.cuda.max_memory_allocated() - held


def masked(distances, same, self_mask):
    farthest = distances.masked_fill(~same | self_mask, -float("inf")).max(1)
    nearest = distances.masked_fill(same, float("inf")).min(1)
    return farthest.indices, nearest.indices


def with_product(x, labels):
    norms = (x * x).sum(1)
    same = labels[:, None] == labels[None, :]
    return masked(norms[:, None] + norms[None, :] - 2 * x @ x.T, same, torch.eye(len(x), dtype=torch.bool, device=x.device))


def with_cdist(x, labels):
    same = labels[:, None] == labels[None, :]
    return masked(torch.cdist(x, x), same, torch.eye(len(x), dtype=torch.bool, device=x.device))


def product(x):
    return lambda: x @ x.T


def contenders(x, labels):
    half = x.half()
    yield "bare product, float16", product(half)
    yield "bare product, TF32", product(x)
    yield "bare product, float32", product(x)
    yield "product, masked max and min", lambda: with_product(x, labels)
    yield "cdist, masked max and min", lambda: with_cdist(x, labels)
    compiled = torch.compile(with_product)
    yield "product, masked max and min, torch.compile", lambda: compiled(x, labels)


def main():
    print(f"{torch.cuda.get_device_name()}, PyTorch {torch.__version__}, CUDA {torch.version.cuda}\n")
    print("| N | D | contender | ms | beyond the input, MiB |\n|---|---|---|---|---|")
    for shape in sys.argv[1:] or SHAPES:
        n, d = map(int, shape.split("x"))
        x = torch.nn.functional.normalize(torch.randn(n, d, device="cuda", generator=torch.Generator("cuda").manual_seed(17)))
        labels = torch.randint(0, n // 40 + 1, (n,), device="cuda")
        for name, call in contenders(x, labels):
            torch.backends.cuda.matmul.allow_tf32 = "TF32" in name
            try:
                milliseconds, memory = time(call)
                print(f"| {n} | {d} | {name} | {milliseconds:.3f} | {memory >> 20} |", flush=True)
            except torch.cuda.OutOfMemoryError:
                print(f"| {n} | {d} | {name} | does not fit | – |", flush=True)
            except Exception as reason:  # torch.compile where there is no Triton
                print(f"| {n} | {d} | {name} | failed: {type(reason).__name__} | – |", flush=True)
            torch.cuda.empty_cache()


main()
