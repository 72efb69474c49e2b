"""Runs a module and ends it when the process that started it has gone, however that one ended.

`python -m local.attached STATE_DIR MODULE`: standard input is a pipe that the parent holds open; its end of file is
the parent's end. STATE_DIR is in the command line so that a later start recognises what a killed one left behind.
"""

import os
import runpy
import signal
import sys
import threading
import time

GRACE_SECONDS = 20


def _end_with_parent() -> None:
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    _, _state_dir, module, *arguments = sys.argv
    sys.argv = [module, *arguments]
    threading.Thread(target=_end_with_parent, daemon=True).start()
    runpy.run_module(module, run_name="__main__", alter_sys=True)
