"""Makes a widget's comm answer clicks while a cell runs, without disturbing that cell."""

from typing import Any


def answers_in_a_cell(comm: Any) -> bool:
    """Tell whether the kernel behind a comm can answer while a cell runs: it has subshells."""
    kernel = getattr(comm, "kernel", None)
    return bool(getattr(kernel, "_supports_kernel_subshells", False))


def make_live(widget: Any) -> None:
    """Let front-end messages to this widget be handled on a kernel subshell.

    Two overrides on this widget's own comm, each only where the kernel has what it overrides:

    - ipykernel 7.4 sends replies to a comm to the shell that published last, which is the busy
      one; without its memory of that shell the front end's own choice, a subshell, counts again.
    - `handle_msg` fires IPython's cell hooks around every message. On a subshell that happens in
      the middle of the running cell, and matplotlib would show and close its half-made figure.

    Both were measured on ipykernel 7.1, 7.3 and 7.4, and do nothing on 6.31.
    """
    comm = widget.comm
    if comm is None:
        return
    if getattr(comm, "_reply_subshell_for", None) is not None:
        comm._reply_subshell_for = None

    def handle(message: dict[str, Any]) -> None:
        if comm._msg_callback is not None:
            comm._msg_callback(message)

    if hasattr(comm, "_msg_callback"):
        comm.handle_msg = handle
