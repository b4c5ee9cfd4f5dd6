"""torch_peer.py X.npy Y.npy THREADS: the PyTorch forms of the mining rules, re-created from their definitions."""
import sys

import numpy as np
import torch

from peer import serve

MARGIN = 0.2
torch.set_num_threads(int(sys.argv[3]))
x = torch.from_numpy(np.load(sys.argv[1]))
copy = x.clone()
labels = torch.from_numpy(np.load(sys.argv[2]))
n = len(x)
buffers = {}
kept = None


def padded_positives():
    """Each anchor's positives, padded: the labels are the caller's, so the table is not part of what is timed."""
    rows = [np.flatnonzero(labels.numpy() == label) for label in range(int(labels.max()) + 1)]
    width = max(map(len, rows)) - 1
    table, there = np.zeros((n, width), np.int64), np.zeros((n, width), bool)
    for members in rows:
        for anchor in members:
            table[anchor, : len(members) - 1] = members[members != anchor]
            there[anchor, : len(members) - 1] = True
    return torch.from_numpy(table), torch.from_numpy(there)


positives, has_positive = padded_positives()


def buffer(rows):
    if buffers.get("rows") != rows:
        buffers.update(rows=rows, tile=torch.empty(rows, n))
    return buffers["tile"]


def keep(anchor, positive, negative):
    if kept is not None:
        kept.append(torch.stack([anchor, positive, negative], 1).numpy())


def sgemm():
    if "product" not in buffers:
        buffers["product"] = torch.empty(n, n)
    torch.mm(x, copy.T, out=buffers["product"])
    return n


def similarities(start, end, tile):
    """Rows of unit norm: the order of d² = 2 − 2s is that of −s."""
    return torch.mm(x[start:end], x.T, out=buffer(tile)[: end - start])


def batch_hard(tile):
    for start in range(0, n, tile):
        end = min(n, start + tile)
        similarity = similarities(start, end, tile)
        same = labels[start:end, None] == labels[None, :]
        negative = similarity.masked_fill(same, -torch.inf).max(1).indices
        positive = similarity.masked_fill_(same.logical_not_(), torch.inf).min(1).indices
        keep(torch.arange(start, end), positive, negative)
    return n


def semi_hard(tile):
    count = 0
    for start in range(0, n, tile):
        end = min(n, start + tile)
        distance = similarities(start, end, tile).mul_(-2).add_(2)
        same = labels[start:end, None] == labels[None, :]
        bounds = distance.gather(1, positives[start:end])
        ordered, order = distance.masked_fill_(same, torch.inf).sort(1)
        position = torch.searchsorted(ordered, bounds, right=True).clamp_max_(n - 1)
        found = ordered.gather(1, position).isfinite().logical_and_(has_positive[start:end])
        negative = order.gather(1, position)[found]
        count += len(negative)
        if kept is not None:
            keep(torch.arange(start, end)[:, None].expand_as(found)[found], positives[start:end][found], negative)
    return count


def triplet_indices():
    """pytorch-metric-learning's algorithm: every valid triplet as three index tensors, taken from an N × N × N mask."""
    same = labels[:, None] == labels[None, :]
    different = ~same
    same.fill_diagonal_(False)
    return torch.where(same[:, :, None] * different[:, None, :])


def pml_semi_hard():
    a, p, negative = triplet_indices()
    distance = 2 - 2 * (x @ x.T)
    gap = distance[a, negative] - distance[a, p]
    inside = (gap <= MARGIN) & (gap > 0)
    selected = a[inside], p[inside], negative[inside]
    return len(selected[0])


def pml_loss():
    rows = x.clone().requires_grad_(True)
    a, p, negative = triplet_indices()
    distance = 2 - 2 * (rows @ rows.T)
    terms = (distance[a, p] - distance[a, negative] + MARGIN).relu()
    non_zero = int((terms > 0).sum())
    (terms.sum() / non_zero).backward()
    return non_zero


def run(request):
    name, _, tile = request.partition(":")
    if name == "pml-loss":
        return pml_loss()
    with torch.inference_mode():
        if name in ("batch-hard", "semi-hard"):
            return {"batch-hard": batch_hard, "semi-hard": semi_hard}[name](int(tile))
        return {"sgemm": sgemm, "pml-semi-hard": pml_semi_hard}[name]()


def write(request, path):
    global kept
    kept = []
    run(request)
    rows = np.concatenate(kept)
    kept = None
    rows.astype(np.int64).tofile(path)
    return len(rows)


capability = next(line.split(":")[1].strip() for line in torch.__config__.show().split("\n") if "CPU capability" in line)
serve(f"PyTorch {torch.__version__}, {capability}", run, write)
