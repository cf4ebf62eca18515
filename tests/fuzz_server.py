"""Runs `mibench` commands in forks, each with a limit of time and of memory.

As command_server.py, but a command that hangs is killed by SIGALRM, and memory beyond the limit is
refused to it. Reads one JSON object per line, and answers with the exit code.
"""

import json
import os
import resource
import signal
import sys

from command_server import prepare  # beside this file

SECONDS, MORE_BYTES = 180, 3 * 2**30


def run(request: dict[str, object]) -> None:
    """Run one command in this process, which it ends."""
    os.chdir(str(request["cwd"]))
    for number, name in ((1, "stdout"), (2, "stderr")):
        opened = os.open(str(request[name]), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115 - for the life of the process
    sys.stderr = open(2, "w", closefd=False, errors="backslashreplace")  # noqa: SIM115
    with open("/proc/self/statm") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    limit = used + MORE_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    signal.alarm(SECONDS)
    from mibench.cli.main import main

    sys.argv = ["mibench"]
    main([str(argument) for argument in request["args"]])  # type: ignore[attr-defined]


def serve() -> None:
    """Run commands until standard input ends."""
    prepare(
        "mibench.ibnet.measuring.measuring", "mibench.ibnet.training_figures",
    )  # fmt: skip
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            run(json.loads(line))
        _, status = os.waitpid(child, 0)
        print(json.dumps(os.waitstatus_to_exitcode(status)), flush=True)


if __name__ == "__main__":
    serve()
