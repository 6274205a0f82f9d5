"""The container files are examples that no engine built here; their steps run and their structure is the specification's."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from compose_spec import PyCompose

from tests.frame import dockerfile
from vms.settings import load

ROOT = Path(__file__).resolve().parents[2]
STAGES = dockerfile.parse((ROOT / "Dockerfile").read_text())
BUILD_S = 500


def context() -> list[Path]:
    """What git knows: .dockerignore leaves out what git ignores."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [Path(name) for name in listed.splitlines() if (ROOT / name).is_file()]


@pytest.mark.long
@pytest.mark.timeout(BUILD_S + 60)
def test_the_build_stage_installs_a_program_that_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    done = dockerfile.execute(STAGES[0], context(), tmp_path, {"SOURCE": str(tmp_path / "src"), "PREFIX": str(tmp_path / "vms")}, BUILD_S)
    assert len(done) >= 5
    installed = next((tmp_path / "vms/lib").glob("python3*/site-packages/vms"))
    assert (installed / "web_dist/index.html").exists()
    assert list((installed / "sim/streams").glob("*.mp4"))


@pytest.mark.scenario
def test_every_system_package_of_the_image_exists() -> None:
    names = [name for stage in STAGES for command in stage.all("RUN") for name in dockerfile.packages(command)]
    assert names
    if shutil.which("apt-cache"):
        for package in names:
            answer = subprocess.run(["apt-cache", "show", package], capture_output=True, text=True, check=False)
            assert answer.returncode == 0, package


def test_the_image_runs_as_an_ordinary_user_and_serves() -> None:
    final = STAGES[-1]
    assert final.all("USER") == ["vms"]
    assert final.all("ENTRYPOINT") == ['["vms"]']
    assert final.all("CMD") == ['["serve", "--config", "/etc/vms/vms.toml"]']


def test_the_files_say_that_no_engine_built_them() -> None:
    assert "No container engine has built it" in (ROOT / "Dockerfile").read_text()
    assert "No container engine has run it" in (ROOT / "docker-compose.yml").read_text()


def test_the_compose_file_is_valid_by_the_specification() -> None:
    compose = PyCompose.from_yaml((ROOT / "docker-compose.yml").read_text())
    assert sorted(compose.service_names()) == ["cameras", "node", "postgres"]


def test_a_wrong_compose_file_is_refused() -> None:
    wrong = (ROOT / "docker-compose.yml").read_text().replace("depends_on:", "depends_upon:")
    with pytest.raises(Exception, match="depends_upon"):
        PyCompose.from_yaml(wrong)


def test_what_the_compose_file_names_is_there() -> None:
    content = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    services = content["services"]
    for service in services.values():
        assert set(service.get("networks", [])) <= set(content["networks"])
        assert set(service.get("depends_on", {})) <= set(services)
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in content["volumes"] or (ROOT / source).exists(), source
    assert all(port.startswith("127.0.0.1:") for port in services["node"]["ports"])
    assert "ports" not in services["postgres"]


def test_the_example_configuration_is_accepted() -> None:
    settings = load(ROOT / "deploy/vms.toml")
    assert settings.database.url
    assert f"{settings.http.port}:{settings.http.port}" in (ROOT / "docker-compose.yml").read_text()


def test_the_unit_starts_what_the_guide_names() -> None:
    lines = (ROOT / "deploy/vms.service").read_text().splitlines()
    assert "ExecStart=/opt/vms/bin/vms serve --config /etc/vms/vms.toml" in lines
    assert "NoNewPrivileges=yes" in lines
