from collections.abc import Iterator

import ipywidgets
import pytest
from msgspec import structs

import lms_jupyter
from lms_jupyter.hosts.base import Found
from lms_jupyter.manager import Manager
from lms_jupyter.manager.local import LocalManager
from lms_jupyter.protocol.commands import Refresh, UnloadInstance
from lms_jupyter.protocol.loads import LoadRequest
from lms_jupyter.protocol.models import Instance
from lms_jupyter.widgets import ModelPicker, Panel, StatusLine
from tests.hosts.fake import FEATURES, FakeHost, fake_model

QWEN, EMBED = "qwen/qwen3-4b", "nomic-embed"


@pytest.fixture
def host() -> FakeHost:
    return FakeHost(fake_model(), fake_model(EMBED, kind="embedding"), features=FEATURES)


@pytest.fixture
def local(host: FakeHost) -> Iterator[LocalManager]:
    async def find(_named: str) -> Found:
        return Found(host=host, why="made for this test")

    local = LocalManager(Manager(find))
    local.connect()
    yield local
    local.close()


def test_a_panel_fits_in_a_box_and_is_observed_like_any_widget(local: LocalManager) -> None:
    panel = Panel(local.manager, layout={"width": "400px"})
    box = ipywidgets.HBox([panel, ipywidgets.Label("beside it")])
    seen: list[int] = []
    panel.observe(lambda change: seen.append(len(change.new["instances"])), "activity")

    local.run(LoadRequest(model_key=QWEN, mode="new"))

    assert box.children[0] is panel
    assert panel.layout.width == "400px"
    assert seen[-1] == 1
    panel.close()


def test_the_row_that_the_page_chooses_is_a_trait_until_it_goes(local: LocalManager) -> None:
    panel = Panel(local.manager)
    local.run(LoadRequest(model_key=QWEN, mode="new", identifier="chat"))
    label = ipywidgets.Label()
    ipywidgets.dlink((panel, "selected"), (label, "value"), lambda name: name or "none")
    assert panel.selected is None

    panel.set_state({"selected": "chat"})
    assert label.value == "chat"

    local.run(UnloadInstance(identifier="chat"))
    assert panel.selected is None
    panel.close()


def test_of_two_devices_with_one_name_it_is_known_which_was_chosen(local: LocalManager) -> None:
    panel = Panel(local.manager)
    here = local.run(LoadRequest(model_key=QWEN, mode="new", identifier="chat")).instance
    there = structs.replace(here, instance_reference="there", device="0f3a", device_name="box")
    seen: list[object] = []
    panel.observe(lambda _change: seen.append(panel.selected_instance), "selected_device")

    show(local, there, here)
    panel.set_state({"selected": "chat", "selected_device": "0f3a"})
    assert panel.selected_instance == there
    panel.set_state({"selected": "chat", "selected_device": None})
    assert panel.selected_instance == here
    assert seen == [there, here]
    panel.set_state({"selected": "chat", "selected_device": "0f3a"})

    show(local, here)
    assert (panel.selected, panel.selected_device, panel.selected_instance) == (None, None, None)
    panel.close()


def show(local: LocalManager, *instances: Instance) -> None:
    """Have the manager know of these instances alone."""
    activity = local.manager.activity
    local.manager.activity = structs.replace(
        activity, instances=instances, revision=activity.revision + 1
    )


def test_callbacks_are_told_what_is_loaded_and_unloaded_until_the_panel_closes(
    local: LocalManager,
) -> None:
    panel = Panel(local.manager)
    came: list[Instance] = []
    went: list[Instance] = []
    panel.on_loaded(came.append)
    panel.on_unloaded(went.append)

    local.run(LoadRequest(model_key=QWEN, mode="new"))
    local.run(UnloadInstance(identifier=QWEN))
    panel.close()
    local.run(LoadRequest(model_key=QWEN, mode="new"))

    assert [instance.identifier for instance in came] == [QWEN]
    assert [instance.identifier for instance in went] == [QWEN]


def test_a_picker_offers_what_is_on_the_disk_and_keeps_the_choice_while_it_changes(
    local: LocalManager, host: FakeHost
) -> None:
    picker = ModelPicker(manager=local.manager)
    assert picker.options == (QWEN, EMBED)
    picker.value = EMBED
    changes: list[str | None] = []
    picker.observe(lambda change: changes.append(change.new), "value")

    host.disk.insert(0, fake_model("a/new-one"))
    local.run(Refresh())
    assert picker.options == ("a/new-one", QWEN, EMBED)
    assert (picker.value, changes) == (EMBED, [])

    del host.disk[2]
    local.run(Refresh())
    assert (picker.value, changes) == ("a/new-one", ["a/new-one"])

    host.disk.clear()
    local.run(Refresh())
    assert picker.value is None
    picker.close()
    picker.close()


def test_a_picker_of_one_kind_works_in_interact(local: LocalManager) -> None:
    used: list[str] = []
    picker = ModelPicker(kind="embedding", manager=local.manager)

    def use(model: str) -> None:
        used.append(model)

    ipywidgets.interactive(use, model=picker).update()

    assert picker.options == (EMBED,)
    assert set(used) == {EMBED}
    assert picker.description == "Model"
    picker.close()


def test_a_line_follows_what_is_in_memory(local: LocalManager) -> None:
    line = StatusLine(local.manager)

    local.run(LoadRequest(model_key=QWEN, mode="new"))

    assert [one["identifier"] for one in line.activity["instances"]] == [QWEN]
    assert not line.has_trait("catalog")
    line.close()


def test_the_package_offers_them_by_name() -> None:
    assert lms_jupyter.ModelPicker is ModelPicker
    assert lms_jupyter.StatusLine is StatusLine
    assert {"ModelPicker", "StatusLine"} <= set(dir(lms_jupyter))
