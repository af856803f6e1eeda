"""Runs every check beside the others, and waits for none of them forever."""

import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from lms_jupyter.doctor import connection, gpus, jupyter, machine, software
from lms_jupyter.doctor.finding import MARKS, CheckContext, Finding, bad

TIMEOUT_S = 15.0

Check = Callable[[CheckContext], Iterable[Finding]]
CHECKS: Mapping[str, Check] = {
    "Host": connection.host,
    "Ports": connection.ports,
    "Token": connection.token,
    "Proxies": connection.proxies,
    "Versions": software.versions,
    "Clicks": software.clicks,
    "Sidebar": jupyter.extensions,
    "Engine": machine.engine,
    "GPU": gpus.gpus,
    "Notes": machine.notes,
    "Models": machine.models_folder,
    "Disk": machine.disk,
    "Memory": machine.memory,
}


def examine(
    named: str = "",
    environ: Mapping[str, str] = os.environ,
    *,
    checks: Mapping[str, Check] = CHECKS,
    timeout_s: float = TIMEOUT_S,
) -> tuple[Finding, ...]:
    """Look at everything. Never raises, and never takes longer than the time-out.

    Args:
        named: The host that the configuration names, empty for none.
        environ: The environment.
        checks: What to look at, by name.
        timeout_s: For all of it.

    Example:
        >>> pandas.DataFrame(lms_jupyter.examine())
    """
    visit = CheckContext(named=named, environ=environ)
    found: dict[str, tuple[Finding, ...]] = {}

    def carry_out(name: str, check: Check) -> None:
        try:
            found[name] = tuple(check(visit))
        except Exception as error:  # noqa: BLE001 - what a check stumbles over is a finding too
            found[name] = (_stumbled(name, error),)

    # Threads that nobody waits for: a folder on a dead network disk must not hold up the rest.
    threads = [
        threading.Thread(target=carry_out, args=item, name=f"lms-doctor-{item[0]}", daemon=True)
        for item in checks.items()
    ]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + timeout_s
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return tuple(
        finding
        for name in checks
        for finding in (found[name] if name in found else (_hangs(name, timeout_s),))
    )


def text(findings: Sequence[Finding]) -> str:
    """Draw the report: a line for each finding, below it what to do."""
    width = max((len(finding.name) for finding in findings), default=0)
    lines = []
    for finding in findings:
        lines.append(f"{MARKS[finding.state]:<4}  {finding.name.ljust(width)}  {finding.says}")
        if finding.advice:
            lines.append(f"{'':<4}  {'':<{width}}  → {finding.advice}")
    wrong = sum(finding.state == "bad" for finding in findings)
    better = sum(finding.state == "look" for finding in findings)
    lines.append(
        f"{wrong or 'Nothing'} to repair, {better or 'nothing'} to look at."
        if wrong or better
        else "Everything is fine."
    )
    return "\n".join(lines)


def as_json(findings: Sequence[Finding]) -> str:
    """Write the report for programs."""
    return msgspec.json.format(msgspec.json.encode(findings), indent=2).decode()


def _stumbled(name: str, error: Exception) -> Finding:
    # Only the kind of error: its words may hold an address with a password in it.
    return bad(
        name,
        f"This could not be looked at: {type(error).__name__}.",
        "The other lines hold all the same.",
    )


def _hangs(name: str, timeout_s: float) -> Finding:
    return bad(
        name,
        f"This took longer than {timeout_s:g} s.",
        "A disk or a network that does not answer is the usual reason.",
    )
