"""Reads a Dockerfile and executes one stage's steps in a folder, as far as that needs no container engine.

In: ARG, ENV, WORKDIR, COPY from the context, RUN. Not here: images, users, layers. `apt-get` and `useradd` steps are not
executed: they would change the machine; their packages are simulated instead.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

VARIABLE = re.compile(r"\$\{(\w+)\}")
CHANGES_THE_MACHINE = ("apt-get", "useradd")


@dataclass(frozen=True)
class Step:
    instruction: str
    rest: str


@dataclass
class Stage:
    """From one FROM to the next."""

    base: str
    steps: list[Step] = field(default_factory=list[Step])

    def all(self, instruction: str) -> list[str]:
        return [step.rest for step in self.steps if step.instruction == instruction]


def parse(text: str) -> list[Stage]:
    """The stages; lines that end in a backslash go on."""
    stages: list[Stage] = []
    for line in text.replace("\\\n", " ").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        instruction, rest = line.split(None, 1)
        if instruction == "FROM":
            stages.append(Stage(rest))
        elif stages:
            stages[-1].steps.append(Step(instruction, rest.strip()))
    return stages


def execute(stage: Stage, context: list[Path], root: Path, arguments: dict[str, str], timeout_s: float) -> list[str]:
    """Run the stage's steps with `arguments` in place of its ARG defaults; gives the commands that were executed."""
    values, workdir, done = dict(arguments), root, list[str]()
    for step in stage.steps:
        rest = VARIABLE.sub(lambda match: values[match[1]], step.rest)
        match step.instruction:
            case "ARG":
                name, _, default = rest.partition("=")
                values.setdefault(name, default)
            case "WORKDIR":
                workdir = Path(rest)
                assert workdir.is_relative_to(root)
                workdir.mkdir(parents=True, exist_ok=True)
            case "COPY":
                assert rest == ". ."
                _copy(context, workdir)
            case "RUN":
                if not rest.startswith(CHANGES_THE_MACHINE):
                    _run(rest, workdir, timeout_s)
                    done.append(rest)
            case other:
                raise AssertionError(f"{other} in a stage that is executed")
    return done


def packages(command: str) -> list[str]:
    """What an `apt-get install` step installs."""
    found = re.search(r"apt-get install ([^&;]+)", command)
    return [word for word in found[1].split() if not word.startswith("-")] if found else []


def _copy(files: list[Path], target: Path) -> None:
    for file in files:
        (target / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, target / file)


def _run(command: str, folder: Path, timeout_s: float) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("VIRTUAL_ENV", "PYTHON", "MAKE"))}
    answer = subprocess.run(
        ["bash", "-euc", command], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=timeout_s
    )
    assert answer.returncode == 0, f"{command}\n{answer.stdout[-2000:]}\n{answer.stderr[-4000:]}"
