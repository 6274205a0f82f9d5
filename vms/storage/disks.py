"""What lies below a volume and how it feels: the device of a path, its SMART state, its md RAID. Reading only.

Sources: /proc/self/mountinfo (proc(5)), /proc/mdstat (md(4)), `smartctl --json` (smartmontools 7) when it is installed. The
parsers are pure and believe nothing: unknown text is the state `unknown`. Not here: who is told (control).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

SMART_S = 20.0
MAX_OUTPUT_BYTES = 1024 * 1024
_ARRAY = re.compile(r"^(md\S+)\s*:\s*(\S+)")
_MEMBERS = re.compile(r"\[(\d+)/(\d+)\]\s*\[([U_]+)\]")
_ACTION = re.compile(r"(recovery|resync|reshape|check)\s*=\s*([\d.]+%)")
_PARTITION = re.compile(r"^(.*?)p?\d+$")
WEARING = {5: "reallocated sectors", 187: "reported uncorrectable", 197: "pending sectors", 198: "offline uncorrectable"}
"""ATA attributes whose raw value is zero in a disk that is well."""


@dataclass(frozen=True, slots=True)
class DiskHealth:
    """`state` is `ok`, `worn` (replace it soon), `failing` (replace it now) or `unknown`."""

    device: str
    state: str
    detail: str = ""


def disk_of(path: str) -> DiskHealth:
    """Blocks up to SMART_S; asks the array when the volume lies on one, else the disk."""
    device = device_of(Path("/proc/self/mountinfo").read_text("utf-8", errors="replace"), Path(path).stat().st_dev)
    if not device.startswith("/dev/"):
        return DiskHealth(device, "unknown", "no disk of this machine")
    name = Path(device).resolve().name
    if name.startswith("md"):
        mdstat = Path("/proc/mdstat")
        return parse_mdstat(mdstat.read_text("ascii", errors="replace") if mdstat.exists() else "", name)
    return _smart(f"/dev/{whole_disk(name)}")


def device_of(mountinfo: str, st_dev: int) -> str:
    """The mount source of the file system with this device number; its last mount counts."""
    wanted, found = f"{os.major(st_dev)}:{os.minor(st_dev)}", ""
    for line in mountinfo.splitlines():
        fields, dash, rest = line.partition(" - ")
        parts, after = fields.split(), rest.split()
        if dash and len(parts) > 2 and parts[2] == wanted and len(after) > 1:
            found = after[1]
    return found


def whole_disk(name: str) -> str:
    """`sda1` → `sda`, `nvme0n1p2` → `nvme0n1`."""
    if name.startswith(("nvme", "mmcblk")):
        return name.rpartition("p")[0] if re.search(r"\dp\d+$", name) else name
    match = _PARTITION.match(name)
    return match[1] if match and name.startswith(("sd", "vd", "hd", "xvd")) else name


def parse_mdstat(text: str, array: str) -> DiskHealth:
    """One array of /proc/mdstat."""
    device, found = f"/dev/{array}", False
    for line in text.splitlines():
        if begins := _ARRAY.match(line):
            found = begins[1] == array
            if found and begins[2] != "active":
                return DiskHealth(device, "failing", f"the array is {begins[2]}")
        elif found and (members := _MEMBERS.search(line)):
            wanted, there, marks = int(members[1]), int(members[2]), members[3]
            whole = wanted == there and "_" not in marks
            action = _ACTION.search(text[text.index(line) :].partition("\n\n")[0])
            doing = f", {action[1]} {action[2]}" if action else ""
            return DiskHealth(device, "ok" if whole else "failing", f"{there} of {wanted} disks{doing}")
        elif found and not line.strip():
            found = False
    return DiskHealth(device, "unknown", "the array is not in /proc/mdstat")


def parse_smart(text: str, device: str) -> DiskHealth:
    """The answer of `smartctl --json --health --attributes`; from a disk, hence hostile."""
    try:
        tables = _table(json.loads(text))
    except ValueError:
        return DiskHealth(device, "unknown", "smartctl answered something else than JSON")
    passed = _table(tables.get("smart_status")).get("passed")
    signs = _signs(tables)
    if passed is False:
        return DiskHealth(device, "failing", "; ".join(["SMART says it fails", *signs]))
    if passed is not True:
        return DiskHealth(device, "unknown", "no SMART status")
    return DiskHealth(device, "worn" if signs else "ok", "; ".join(signs) or "SMART passed")


def _signs(tables: Mapping[str, object]) -> list[str]:
    """What a disk that is well does not have."""
    found: list[str] = []
    rows = _table(tables.get("ata_smart_attributes")).get("table")
    for row in cast("list[object]", rows) if isinstance(rows, list) else []:
        attribute = _table(row)
        number, raw = attribute.get("id"), _table(attribute.get("raw")).get("value")
        if isinstance(number, int) and number in WEARING and isinstance(raw, int) and raw > 0:
            found.append(f"{WEARING[number]} {raw}")
    health = _table(tables.get("nvme_smart_health_information_log"))
    used, warning, errors = (health.get(name) for name in ("percentage_used", "critical_warning", "media_errors"))
    if isinstance(used, int) and used >= 90:
        found.append(f"{used} % of its life used")
    if isinstance(warning, int) and warning:
        found.append(f"critical warning {warning}")
    if isinstance(errors, int) and errors:
        found.append(f"media errors {errors}")
    return found


def _table(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}


def _smart(device: str) -> DiskHealth:
    program = shutil.which("smartctl", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if program is None:
        return DiskHealth(device, "unknown", "smartctl (smartmontools) is not installed")
    command = [program, "--json", "--health", "--attributes", "--nocheck=standby", device]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=SMART_S, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as error:
        return DiskHealth(device, "unknown", f"smartctl: {type(error).__name__}")
    return parse_smart(done.stdout[:MAX_OUTPUT_BYTES].decode("utf-8", errors="replace"), device)
