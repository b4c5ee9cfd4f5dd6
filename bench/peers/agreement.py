"""Whether two selections of triplets are the same, where float64 can tell their distances apart."""
import numpy as np


def compare(data, ours, theirs):
    """ours, theirs: files of (anchor, positive, negative). Counts the triplets that differ, and those of them that rounding does not explain."""
    x = np.load(data[0]).astype(np.float64)
    bound = 4 * np.finfo(np.float32).eps * 2 * np.sqrt(x.shape[1])
    a, b = (np.fromfile(path, np.int64).reshape(-1, 3) for path in (ours, theirs))
    batch_hard = len(a) <= len(x) and len(np.unique(a[:, 0])) == len(a)
    key = (lambda rows: rows[:, 0]) if batch_hard else (lambda rows: rows[:, 0] * len(x) + rows[:, 1])
    _, in_a, in_b = np.intersect1d(key(a), key(b), assume_unique=True, return_indices=True)
    one_sided = [np.delete(rows, there, axis=0) for rows, there in ((a, in_a), (b, in_b))]
    a, b = a[in_a], b[in_b]
    differ = (a != b).any(1)
    a, b = a[differ], b[differ]

    def gap(rows, others, column):
        return distance(x, rows[:, 0], rows[:, column]) - distance(x, others[:, 0], others[:, column])

    unexplained = (np.abs(gap(a, b, 1)) > bound)
    # Semi-hard: one of the two may have taken a negative that is level with the positive, and only rounding says on which side.
    level = np.minimum(*(np.abs(distance(x, r[:, 0], r[:, 2]) - distance(x, r[:, 0], r[:, 1])) for r in (a, b))) <= bound
    unexplained |= (np.abs(gap(a, b, 2)) > bound) & (batch_hard | ~level)
    count = int(unexplained.sum())
    for rows in one_sided:
        margin = distance(x, rows[:, 0], rows[:, 2]) - distance(x, rows[:, 0], rows[:, 1])
        count += int((np.abs(margin) > bound).sum())
    return {"compared": len(in_a), "differ": len(a) + sum(map(len, one_sided)), "unexplained": count}


def distance(x, rows, others):
    return ((x[rows] - x[others]) ** 2).sum(1)
