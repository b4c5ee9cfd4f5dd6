"""numpy_peer.py X.npy Y.npy THREADS: the bare product by the BLAS that NumPy is linked with, X·Xᵀ where Y holds labels and Y·Xᵀ where it holds queries."""
import sys

import numpy as np
from threadpoolctl import threadpool_info

from peer import serve

x, y = (np.load(path) for path in sys.argv[1:3])
# NumPy turns x @ x.T of one buffer into ssyrk, half the product and a copy; two buffers make it sgemm.
left = y if y.ndim == 2 else x.copy()
outputs = {}


def output(columns):
    """One of each shape, kept: no call asks for memory."""
    if columns not in outputs:
        outputs[columns] = np.empty((len(left), columns), np.float32)
    return outputs[columns]


def run(request):
    """sgemm and ssyrk into an output that holds the whole product; sgemm:4096 so many rows of X at a time, into one that stays in cache."""
    name, _, tile = request.partition(":")
    tile = int(tile or len(x))
    for start in range(0, len(x), tile):
        rows = x[start : start + tile]
        np.dot({"sgemm": left, "ssyrk": x}[name], rows.T, out=output(len(rows)))
    return len(x)


blas = next((i for i in threadpool_info() if i["user_api"] == "blas"), None)
name = f"{blas['internal_api']} {blas['version']}, {blas['architecture']} kernels" if blas else "an unknown BLAS"
serve(f"NumPy {np.__version__}, {name}", run, None)
