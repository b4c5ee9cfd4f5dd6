"""faiss_ivf_peer.py GALLERY.npy QUERIES.npy THREADS: the ten nearest rows by Debian's FAISS, over an inverted file of 1,024 lists."""
import itertools
import sys

import faiss
import numpy as np

from peer import serve

K, LISTS = 10, 1024
faiss.omp_set_num_threads(int(sys.argv[3]))
gallery, queries = (np.load(path) for path in sys.argv[1:3])
index = faiss.index_factory(gallery.shape[1], f"IVF{LISTS},Flat")
index.train(gallery)
index.add(gallery)
del gallery
following = itertools.cycle(range(len(queries)))


def search(request, query=None):
    """single-probe:8 looks into 8 lists, of one query a call, each call the next one."""
    index.nprobe = int(request.split(":")[1])
    row = next(following) if query is None else query
    return index.search(queries[row : row + 1], K)[1]


def write(request, path):
    rows = np.concatenate([search(request, row) for row in range(len(queries))])
    rows.astype(np.int64).tofile(path)
    return rows.size


serve(f"FAISS {faiss.__version__} of Debian, built for {faiss.get_compile_options().strip()}", lambda request: search(request).size, write)
