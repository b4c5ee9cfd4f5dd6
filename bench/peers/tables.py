"""What every report shares: medians over rounds, ratios, tables, the heading and the files."""
import json
import statistics

from harness import CALL_LIMIT, FEW, LONG_CALL, ROOT, VERY_LONG_CALL, Missing


class Spread:
    """Median, least and greatest of one number a round. Of no number at all: endless, and shown as a dash."""

    def __init__(self, values):
        values = list(values)
        self.rounds = len(values)
        self.median, self.least, self.greatest = (statistics.median(values), min(values), max(values)) if values else [float("inf")] * 3

    def __str__(self):
        few = f"; {self.rounds}×" if self.rounds <= FEW else ""
        return f"{number(self.median)} ({number(self.least)}–{number(self.greatest)}{few})" if self.rounds else number(self.median)


def times(replies):
    return Spread(reply["ms"] for reply in replies)


def ratio(replies, others):
    """Of two contenders round by round: each pair was measured one after the other."""
    return Spread(a["ms"] / b["ms"] for a, b in zip(replies, others))


def number(value):
    return "–" if value == float("inf") else f"{value:.4g}" if value < 1000 else f"{value:,.0f}"


def table(head, rows):
    lines = ["| " + " | ".join(map(str, row)) + " |" for row in (head, ["---"] * len(head), *rows)]
    return "\n".join(lines) + "\n"


def heading(what, results, versions, waits):
    """What every report begins with: the machine, whether it was quiet, how times are taken, and who ran."""
    facts = results["machine"]
    noisy = facts["load_at_start"] > 0.5 or waits > 0.1
    return f"""# {what} on the CPU, against peers ({results['mode']})

{facts['name']}, {facts['cores']} cores, {' '.join(facts['flags'])}, caches {', '.join(' '.join(each) for each in facts['caches'].items())}. {facts['date']}, commit {facts['commit']}.
Load average at the start {facts['load_at_start']}; the calls waited for a core up to {100 * waits:.0f} % of their processor time.
{'**The machine was noisy: ratios are indicative only.**' if noisy else 'The machine was quiet.'}

Everybody in turn, up to {results['rounds']} rounds; every number is the median over the rounds (least–greatest) of a turn's median call; a ratio is
taken round by round. Calls of {LONG_CALL} s or more are made in {FEW} rounds, those of {VERY_LONG_CALL} s or more once, and after {CALL_LIMIT} s they are stopped; a number of
few rounds says of how many. One thread runs on core 0, two on cores 0 and 1. Rows of unit norm, 40 an identity, in shuffled order, squared distances.
Versions: {'; '.join(f'{name}: {version}' for name, version in versions.items())}. {results['mkl']}."""


def settings_tried(results):
    return table(("peer", "version", "setting", "ms"),
                 [(name, version, " ".join(f"{key}={value}" for key, value in setting.items()) or "its own choice", number(milliseconds))
                  for name, variants in results["tried"].items() for milliseconds, version, setting in variants])


def left_out(cases):
    """cases: (label, turns). The contenders that have no turns, and why."""
    lines = [f"- {label}, {' '.join(map(str, key)) if isinstance(key, tuple) else key}: {replies.reason}." for label, turns in cases
             for key, replies in turns.items() if isinstance(replies, Missing)]
    return "\n".join(lines or ["Nothing."]) + "\n"


def plain(results):
    """Keys of several parts as text and reasons in place of missing turns, for JSON."""
    if isinstance(results, Missing):
        return f"missing: {results.reason}"
    if isinstance(results, dict):
        return {"/".join(map(str, key)) if isinstance(key, tuple) else str(key): plain(value) for key, value in results.items()}
    if isinstance(results, (list, tuple)):
        return [plain(value) for value in results]
    return results


def write_results(name, markdown, results):
    """bench/results/<machine>/<name>.md and .json."""
    name = name if results["mode"] == "full" else f"{name}-quick"
    folder = ROOT / "bench/results" / results["machine"]["slug"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.md").write_text(markdown)
    (folder / f"{name}.json").write_text(json.dumps(plain(results), indent=1) + "\n")
    print(markdown)
    print(f"written to {folder / name}.md")
