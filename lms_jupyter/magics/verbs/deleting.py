"""The verb `delete`."""

from msgspec import Struct

from lms_jupyter.magics.grammar import Argument, Flag, Verb


class Delete(Struct, frozen=True, kw_only=True):
    """`%lms delete`: take a model off the disk."""

    name: str
    yes: bool = False
    permanently: bool = False


VERBS = (
    Verb(
        name="delete",
        summary="delete a model from the host's disk, to the bin of its machine where it has one",
        build=lambda a: Delete(name=a.name, yes=a.yes, permanently=a.permanently),
        words=(
            Argument(
                dest="name", metavar="KEY", help="a key, a variant or a path", completes="name"
            ),
        ),
        flags=(
            Flag(names=("-y", "--yes"), help="do not ask", default=False),
            Flag(
                names=("--permanently",),
                help="not to the bin: it is gone at once, and the space free",
                default=False,
            ),
        ),
        examples=("%lms delete qwen3-4b@q8_0", "%lms delete qwen3-4b -y --permanently"),
    ),
)
