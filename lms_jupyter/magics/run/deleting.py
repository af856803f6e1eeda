"""Runs `delete`."""

from lms_jupyter.api import deleting
from lms_jupyter.api.sizes import format_size
from lms_jupyter.magics.context import MagicContext
from lms_jupyter.magics.run import perform
from lms_jupyter.magics.verbs.deleting import Delete


@perform.register
def delete(request: Delete, context: MagicContext) -> None:
    """Ask, then take a model off the disk."""
    context.connect()
    session, manager = context.session, context.manager
    model = session.run(deleting.to_delete(request.name, manager))
    if not request.yes:
        host = manager.activity.host
        question = (
            f"Delete {model.model_key} ({format_size(model.size_bytes)}) "
            f"from the disk of {host.title}? [y/N] "
        )
        hint = f"Say that you are sure: %lms delete {request.name} --yes"
        if context.ask(question, hint=hint).strip().lower() not in ("y", "yes"):
            context.say(f"{model.model_key} stays.")
            return
    work = deleting.delete(model.model_key, manager, permanently=request.permanently)
    context.say(deleting.sentence(session.run(work)))
