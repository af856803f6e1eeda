"""How long what is loaded just in time stays, by the rules of the user's whose engine this is."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from msgspec import UnsetType

from lms_jupyter.engine.instances.instance import Plan
from lms_jupyter.engine.instances.lifecycle import Keep
from lms_jupyter.rule_file import Rule, RuleError, read_rule_file
from lms_jupyter.time_words import read_ttl, read_until

logger = logging.getLogger(__name__)

Ruled = Callable[[Plan], Plan]
"""Returns a plan with what the first rule says that fits its model."""


def as_it_is(plan: Plan) -> Plan:
    """Follow no rule."""
    return plan


def reader(file: Path | None) -> Callable[[], Ruled]:
    """Return what reads the rules: they may change while the engine runs.

    Rules that make no sense are said in the log, and none is followed: a load is as good without.
    """

    def read() -> Ruled:
        try:
            rules = read_rule_file(file) if file is not None else None
        except RuleError as error:
            logger.warning("%s None of them is followed.", error.title)
            return as_it_is
        return (lambda plan: _ruled(plan, rules)) if rules else as_it_is

    return read


def _ruled(plan: Plan, rules: Sequence[Rule]) -> Plan:
    rule = next((rule for rule in rules if rule.fits(plan.model.model_key, plan.model.type)), None)
    if rule is None:
        return plan
    ttl_s = plan.ttl_s if isinstance(rule.ttl, UnsetType) else read_ttl(rule.ttl)
    until = None
    if rule.keep:
        try:
            until = read_until(rule.keep)
        except ValueError as error:  # the time has come since the file was read
            logger.warning("A rule for %s is not followed: %s", plan.model.model_key, error)
            return plan
    # While a notebook is open: who asks over HTTP has none.
    keep = Keep(until.timestamp()) if until is not None else None
    return replace(plan, ttl_s=ttl_s, keep=keep, pinned=rule.pin)
