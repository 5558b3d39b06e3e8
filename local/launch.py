"""The tiny launcher of child processes: run by its path, it becomes the program it is given.

    python -I launch.py PARENT_PID COMMAND [ARGUMENT …]

On Linux it first asks the kernel to end this process when its parent dies, however the parent
dies; so no child outlives a `kill -9` of the supervisor. Every child survives being killed (its
state is on disk), hence SIGKILL, which nothing can hang on to.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Bind this process's life to its parent's, then become the command."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)  # it died before we asked
    os.execv(command[0], command)  # noqa: S606 - becoming another program is the purpose


if __name__ == "__main__":
    main()
