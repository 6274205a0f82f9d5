"""The faults script: its times, its choice of cameras, its errors."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from vms.base.errors import VmsError
from vms.sim.faults import Fault, Wrong, active, parse_script, read_script


def test_a_fault_is_on_for_its_part_of_each_turn() -> None:
    fault = Fault(Wrong.DROP_OUT, every_s=90, for_s=10)
    on = [second for second in range(200) if fault.on(second * 1_000_000)]
    assert on == [*range(90, 100), *range(180, 190)]
    assert Fault(Wrong.STALL, after_s=3).on(3_000_000)
    assert not Fault(Wrong.STALL, after_s=3).on(2_999_999)
    assert Fault(Wrong.NO_VIDEO).on(0)


def test_a_script_chooses_cameras_and_profiles() -> None:
    script = parse_script(
        """
        seed = 7
        [[fault]]
        kind = "loss"
        percent = 2.5
        cameras = [2, 3]
        profile = "main"
        [[fault]]
        kind = "wrong_password"
        """
    )
    assert script.seed == 7
    assert [fault.kind for fault in script.of(2, "main")] == [Wrong.LOSS, Wrong.SIGN_IN]
    assert [fault.kind for fault in script.of(2, "sub")] == [Wrong.SIGN_IN]
    loss = active(script.of(3, "main"), Wrong.LOSS, 0)
    assert loss is not None
    assert loss.percent == 2.5


@pytest.mark.parametrize(
    "text",
    [
        "seed = 'x'",
        "other = 1",
        "[[fault]]\nkind = 'rain'",
        "[[fault]]\nkind = 'loss'\npercentage = 3",
        "[[fault]]\nkind='change'\nclip=3",
        "[[[",
    ],
)
def test_a_wrong_script_is_a_clear_error(text: str) -> None:
    with pytest.raises(VmsError, match="fault"):
        parse_script(text)


def test_a_missing_script_is_named(tmp_path: Path) -> None:
    with pytest.raises(VmsError, match="no-such"):
        read_script(tmp_path / "no-such.toml")


def test_the_page_names_every_kind_and_its_example_is_valid() -> None:
    page = (Path(__file__).parents[2] / "docs/ref/sim.md").read_text(encoding="utf-8")
    assert all(f"`{kind}`" in page for kind in Wrong)
    example = re.search(r"```toml\n(.*?)```", page, re.DOTALL)
    assert example is not None
    assert parse_script(example[1]).faults
