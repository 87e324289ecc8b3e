"""Runs code in forks of a process that has imported the networks, which takes seconds, but once.

`helpers.run_forked` starts it. Each line of its input is a list as JSON: code, arguments, and
files for what is printed and for errors; it answers with the exit status.
"""

import json
import os
import sys
import traceback

import skdl.estimators  # noqa: F401


def run(code, arguments, *files):
    """In a fork, as the main module."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    status = 1
    try:
        for file, stream in zip(files, (sys.stdout, sys.stderr), strict=True):
            os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT), stream.fileno())
        sys.argv = ["-c", *arguments]
        exec(code, vars(sys.modules["__main__"]))
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    for line in sys.stdin:
        print(run(*json.loads(line)), flush=True)
