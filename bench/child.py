"""Runs in an interpreter of its own (`python -I -S -B child.py`): does stages of work, and measures each.

Reads an order as JSON: what is on the path before and after Python's own, what is given to the code by name, and the
stages, each a name and a piece of code. Writes, as the last line of its output, for each stage the wall and CPU
seconds, the peak memory so far (MiB) and the number of modules loaded; and what the code left in `out`.
"""

import json
import sys
import time


def peak() -> float:
    """MiB at the most so far. Not `ru_maxrss`: that begins with what the process that started this one had."""
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM:"))
    except OSError:
        return 0.0


def run(order: dict) -> dict:  # type: ignore[type-arg] # `typing` is not to be loaded before what is measured
    """The stages, one after the other, in one namespace."""
    namespace = {**order.get("given", {}), "out": None}
    stages = {}
    for name, code in order["stages"]:
        compiled = compile(code, name, "exec")
        wall, cpu = time.perf_counter(), time.process_time()
        exec(compiled, namespace)
        stages[name] = {
            "wall": time.perf_counter() - wall,
            "cpu": time.process_time() - cpu,
            "memory": peak(),
            "modules": len(sys.modules),
        }
    return {"stages": stages, "out": namespace["out"]}


if __name__ == "__main__":
    given = json.load(sys.stdin)
    sys.path[:0] = given["before"]
    sys.path.extend(given["after"])
    done = json.dumps(run(given))
    sys.stdout.write(f"\n{done}\n")
