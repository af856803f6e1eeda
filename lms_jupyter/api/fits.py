"""What was found to fit, in one line."""

from lms_jupyter.api.sizes import format_size
from lms_jupyter.manager.fitting_in import Fitted


def fit_sentence(fitted: Fitted) -> str:
    """Say which context fits, what ends it there, and what the load took in the end."""
    parts = [f"{fitted.context_length:,} tokens"]
    if fitted.added:
        parts.append(f"with {' and '.join(fitted.added)}")
    if fitted.limit is not None:
        parts.append(f"limited by {fitted.limit}")
    estimated = fitted.estimate.total_bytes
    sizes = f"estimated at {format_size(estimated)}"
    if fitted.held_bytes is not None:
        sizes += f", holds {format_size(fitted.held_bytes)} of main memory"
    if fitted.is_kept is False:
        sizes += ": more than was to be taken"
    return f"Fitted: {', '.join(parts)}; {sizes}."
