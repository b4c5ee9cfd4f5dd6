"""numpy_peer.py X.npy Y.npy THREADS: the bare product X·Xᵀ by the BLAS that NumPy is linked with."""
import sys

import numpy as np
from threadpoolctl import threadpool_info

from peer import serve

x = np.load(sys.argv[1])
# NumPy turns x @ x.T of one buffer into ssyrk, half the product and a copy; two buffers make it sgemm.
copy = x.copy()
product = np.empty((len(x), len(x)), np.float32)


def run(request):
    np.dot(x, {"sgemm": copy, "ssyrk": x}[request].T, out=product)
    return len(x)


blas = next((i for i in threadpool_info() if i["user_api"] == "blas"), None)
name = f"{blas['internal_api']} {blas['version']}, {blas['architecture']} kernels" if blas else "an unknown BLAS"
serve(f"NumPy {np.__version__}, {name}", run, None)
