"""What a peer written in Python serves: the protocol of `peer-ours`, requests on standard input and one JSON line back."""
import json
import resource
import sys
import time


def serve(version, workloads, write):
    """workloads: a call that runs a request such as "batch-hard:512" and returns a count; write: the same, its selection saved to a file."""
    reply(ready=True, version=version)
    for line in sys.stdin:
        verb, request, *rest = line.split()
        try:
            if verb == "time":
                reply(**timed(lambda: workloads(request), *map(float, rest)))
            else:
                reply(count=write(request, rest[0]))
        except (RuntimeError, MemoryError, KeyError) as error:
            reply(error=str(error).split("\n")[0])


def timed(call, calls, milliseconds, warm):
    if warm:
        call()
    times, processor, start = [], time.process_time(), time.perf_counter()
    while len(times) < calls or (time.perf_counter() - start) * 1e3 < milliseconds:
        begin = time.perf_counter()
        count = call()
        times.append((time.perf_counter() - begin) * 1e3)
    processor = (time.process_time() - processor) * 1e3
    times.sort()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    return dict(count=count, calls=len(times), ms=times[len(times) // 2], min_ms=times[0], cpu_ms=processor / len(times), peak_mib=peak)


def reply(**values):
    print(json.dumps(values), flush=True)
