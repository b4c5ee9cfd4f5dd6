"""faiss_peer.py GALLERY.npy QUERIES.npy THREADS: the ten nearest rows by Debian's FAISS, exact search over a flat index."""
import itertools
import sys

import faiss
import numpy as np

from peer import serve

K = 10
SINGLES_CHECKED = 100
faiss.omp_set_num_threads(int(sys.argv[3]))
gallery, queries = (np.load(path) for path in sys.argv[1:3])
indexes = {"l2": faiss.IndexFlatL2(gallery.shape[1]), "ip": faiss.IndexFlatIP(gallery.shape[1])}
for index in indexes.values():
    index.add(gallery)
del gallery
following = itertools.cycle(range(len(queries)))


def search(request, query=None):
    """batch:l2:4096 is the whole batch, with so many gallery rows a block; single:l2 is one query, each call the next one."""
    kind, metric, *block = request.split(":")
    if kind == "single":
        row = next(following) if query is None else query
        return indexes[metric].search(queries[row : row + 1], K)[1]
    faiss.cvar.distance_compute_blas_database_bs = int(block[0])
    return indexes[metric].search(queries, K)[1]


def write(request, path):
    found = [search(request, row) for row in range(min(SINGLES_CHECKED, len(queries)))] if request.startswith("single") else [search(request)]
    rows = np.concatenate(found)
    rows.astype(np.int64).tofile(path)
    return rows.size


serve(f"FAISS {faiss.__version__} of Debian, built for {faiss.get_compile_options().strip()}", lambda request: search(request).size, write)
