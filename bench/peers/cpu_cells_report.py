"""The tables of cpu-cells.md."""
from tables import heading, left_out, ratio, table, times


def exact(results):
    rows = []
    for shape in results["shapes"]:
        turns = shape["turns"]
        read, plain, codes, cells = (turns["ours", what] for what in ("read", "single", "single-int8", "single-cells"))
        rows.append((shape["name"], shape["d"], times(read), times(plain), times(codes), times(cells), f"**{ratio(cells, read)}**", ratio(codes, read),
                     shape["differ"]["single-cells"], shape["turns"]["ours", "single-cells"][-1]["allocated"]))
    return table(("rows", "D", "one pass, ms", "fp32 scan, ms", "with int8, ms", "with cells, ms", "with cells ÷ one pass (uniform ≤ 0.4, clustered ≤ 0.1)", "with int8 ÷ one pass",
                  "places that differ from the fp32 scan", "bytes allocated a call"), rows)


def batches(results):
    rows = []
    for shape in results["shapes"]:
        plain, codes, cells = (shape["turns"]["ours", what] for what in ("batch", "batch-int8", "batch-cells"))
        rows.append((shape["name"], shape["d"], times(plain), times(codes), times(cells), f"**{ratio(codes, cells)}**", shape["differ"]["batch-cells"]))
    return table(("rows", "D", "fp32 tiles, ms", "with int8, ms", "with cells, ms", "with int8 ÷ with cells", "places that differ from the fp32 tiles"), rows)


def approximate(results):
    rows = []
    for shape in results["shapes"]:
        reached, turns = shape["recalls"], shape["turns"]
        if "ours" not in reached or "faiss" not in reached:
            continue
        mine, theirs = turns["ours", "probe"], turns["faiss", "probe"]
        rows.append((shape["name"], shape["d"], reached["ours"][0], f"{reached['ours'][1]:.3f}", times(mine), reached["faiss"][0], f"{reached['faiss'][1]:.3f}", times(theirs), f"**{ratio(theirs, mine)}**"))
    return table(("rows", "D", "cells looked into", "recall@10", "ours, ms", "lists looked into", "FAISS's recall@10", "FAISS IVF1024, ms", "FAISS ÷ ours"), rows)


def report(results):
    shapes = results["shapes"]
    versions = {name: version for shape in shapes for name, version in shape["versions"].items()}
    return f"""{heading("Search by k-means cells", results | {"mkl": ""}, versions, max(shape['waiting'] for shape in shapes))}

The 10 nearest of {shapes[0]['n']:,} float32 rows, one query a call, each call the next of 1,000, one thread. Rows: uniform in [−1, 1); or unit rows of 200 classes, a
centre of norm 1 each and normal noise of so much root-mean-square norm in 16 dimensions that all classes share. Ours parts 100,000 rows into 1,024 cells.

## Exact, by cells
The bar is one pass over the gallery's bytes in the same process.

{exact(results)}
### A batch of 1,000 queries
Tiles of codes, or cells where a sample of the queries shows that they leave few rows.

{batches(results)}
## Only the nearest cells
The fewest cells, and lists, with which recall@10 is 0.97 or more, of those tried. FAISS is Debian's package, **a generic build without the AVX2 and AVX-512 kernels of its
authors' own**: its times say how this machine compares, not how FAISS does at its best.

{approximate(results)}
## Left out
{left_out((f"{shape['name']}, D = {shape['d']}", shape['turns']) for shape in shapes)}"""
