"""This user's rules of how long models stay, for what a user loads; see `rule_file`."""

from pathlib import Path

from msgspec import Struct, UnsetType
from msgspec.structs import replace

from lms_jupyter.errors import CommandError
from lms_jupyter.manager.duration import parse_ttl
from lms_jupyter.manager.keep_words import parse_keep
from lms_jupyter.protocol.loads import LoadRequest
from lms_jupyter.protocol.models import Model
from lms_jupyter.rule_file import Rule, RuleError, read_rule_file, rules_path


class Rules(Struct, frozen=True, kw_only=True):
    """All rules, in their order, and the file that they stand in."""

    rules: tuple[Rule, ...] = ()
    file: str = ""

    def completed(self, request: LoadRequest, model: Model) -> LoadRequest:
        """Return a request with what the first rule says that fits, where the request says nothing.

        Raises:
            CommandError: A rule names a time that has passed.
        """
        if not request.ttl_is_default or request.keep is not None:
            return request
        for number, rule in enumerate(self.rules, 1):
            if rule.fits(model.model_key, model.kind):
                ttl_s = request.ttl_s if isinstance(rule.ttl, UnsetType) else parse_ttl(rule.ttl)
                keep = parse_keep(rule.keep) if rule.keep else None
                source = f"rule {number} of {Path(self.file).name}"
                return replace(request, ttl_s=ttl_s, keep=keep, pin=rule.pin, rule=source)
        return request


def read_rules(file: Path | None = None) -> Rules:
    """Read the rules; there are none where there is no file.

    Raises:
        CommandError: They make no sense; the sentence names the file and the rule.
    """
    file = file or rules_path()
    try:
        rules = read_rule_file(file)
    except RuleError as error:
        raise CommandError(error.title, hint=error.hint) from error
    return Rules() if rules is None else Rules(rules=rules, file=str(file))
