"""The command line: options in, features called, exit codes out (0 well, 1 failed, 2 usage).

Commands import what they need when they run: `vms --help` must not wait for a database library.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from vms import __version__
from vms.base.errors import VmsError

app = typer.Typer(no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False, help="A node of the video network platform.")
sim = typer.Typer(no_args_is_help=True, help="Simulated devices for trials and tests.")
app.add_typer(sim, name="sim")
volume = typer.Typer(no_args_is_help=True, help="The disks that a node records on; a running node follows without a restart.")
app.add_typer(volume, name="volume")

Config = Annotated[Path | None, typer.Option("--config", help="settings file (TOML); VMS_… variables win over it")]
ReadyFile = Annotated[Path | None, typer.Option("--ready-file", help="written (0600) and renamed into place when ready")]


@app.command()
def demo(  # noqa: PLR0917  (typer reads options from the signature)
    data: Annotated[Path, typer.Option(help="keeps everything between two starts")] = Path("data/demo"),
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free one")] = 8000,
    cameras: Annotated[int, typer.Option(min=0, max=256, help="simulated cameras; 0 for none")] = 16,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="do not open a browser")] = False,
    ready_file: ReadyFile = None,
    seed_minutes: Annotated[float, typer.Option(min=0, max=120, help="minutes of recorded past")] = 5,
) -> None:
    """One node with simulated cameras: from nothing to a picture in seconds. Ctrl-C stops everything."""
    from vms.demo.options import DemoOptions  # noqa: PLC0415
    from vms.demo.run import run_demo  # noqa: PLC0415

    options = DemoOptions(data, port, cameras, not no_browser, ready_file, seed_minutes)
    raise typer.Exit(run_demo(options))


@app.command()
def serve(config: Config = None) -> None:
    """Run one node until SIGTERM or SIGINT."""
    from vms.app import become_root, resolve  # noqa: PLC0415
    from vms.settings import load  # noqa: PLC0415

    _, path = resolve(load(config), config)
    become_root(path)


@app.command()
def init(config: Config = None, name: Annotated[str, typer.Option(help="the administrator's name")] = "Administrator") -> None:
    """Print a one-time link that signs the administrator in; the node must be running."""
    from vms.app import resolved  # noqa: PLC0415
    from vms.processes.control.database import database_url  # noqa: PLC0415
    from vms.settings import load  # noqa: PLC0415
    from vms.setup import first_way_in  # noqa: PLC0415

    node = resolved(load(config))
    way_in = first_way_in(database_url(node), Path(node.data_dir) / "keys", admin_name=name)
    scheme = "https" if node.secure else "http"
    typer.echo(f"{scheme}://{node.host}:{node.port}/login#token={way_in.login_link}")


@app.command()
def token(
    name: Annotated[str, typer.Argument(help="what it is for, as audits show it")],
    right: Annotated[list[str], typer.Option(help="a right of it, such as live; more than one may be given")],
    config: Config = None,
) -> None:
    """Print a new API token, once; it is also the password of user `token` at the RTSP restream. The node must be running."""
    from vms.app import resolved  # noqa: PLC0415
    from vms.processes.control.database import database_url  # noqa: PLC0415
    from vms.settings import load  # noqa: PLC0415
    from vms.setup import new_token  # noqa: PLC0415

    node = resolved(load(config))
    typer.echo(new_token(database_url(node), Path(node.data_dir) / "keys", name, right))


@app.command()
def migrate(config: Config = None) -> None:
    """Bring the schema of an external or running database up to date."""
    from vms.app import resolved  # noqa: PLC0415
    from vms.processes.control.database import database_url  # noqa: PLC0415
    from vms.processes.control.database import migrate as bring_up  # noqa: PLC0415
    from vms.settings import load  # noqa: PLC0415

    bring_up(database_url(resolved(load(config))))


@app.command()
def check(
    data: Annotated[Path, typer.Option(help="the node's data directory")],
    json_file: Annotated[Path | None, typer.Option("--json", help="write the result here")] = None,
    rebuild_index: Annotated[bool, typer.Option("--rebuild-index", help="make the index from the segment files alone")] = False,
) -> None:
    """Hold the index against the segment files; read only unless told to rebuild. Works while the node runs."""
    from vms.commands.check import as_json, run_check  # noqa: PLC0415

    result = run_check(data, rebuild_index=rebuild_index)
    text = json.dumps(as_json(result), indent=2)
    typer.echo(text)
    for finding in result.findings:
        typer.echo(finding, err=True)
    if json_file is not None:
        json_file.write_text(text + "\n", encoding="utf-8")
    raise typer.Exit(0 if result.ok else 1)


@app.command("rotate-key")
def rotate_key(
    config: Config = None,
    lost: Annotated[str, typer.Option(help="how the key in use was lost; the new one then signs itself, and every check tells so")] = "",
) -> None:
    """Sign roots with a new key from now on, announced by the one in use. Print its fingerprint, to be published."""
    from vms.app import resolved  # noqa: PLC0415
    from vms.commands.keys import rotate_key as rotate  # noqa: PLC0415
    from vms.processes.control.database import database_url  # noqa: PLC0415
    from vms.settings import load  # noqa: PLC0415

    node = resolved(load(config))
    typer.echo(rotate(database_url(node), Path(node.data_dir) / "keys", node.node_id, lost))


@app.command()
def retention(
    data: Annotated[Path, typer.Option(help="the node's data directory")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only tell what would go, and why")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
) -> None:
    """Delete what the retention rules let go, now; tell what is kept of each volume, region and camera, and for how long it lasts."""
    from vms.commands import retention as command  # noqa: PLC0415

    report = command.run_retention(data, dry_run=dry_run)
    typer.echo(json.dumps(command.as_json(report), indent=2) if as_json else "\n".join(command.tell(report)))


PassphraseFile = Annotated[Path | None, typer.Option(help="file whose first line seals or opens the secrets")]


@app.command()
def backup(
    to: Annotated[Path, typer.Option(help="a folder, or the file to write")],
    config: Config = None,
    passphrase_file: PassphraseFile = None,
    recipient: Annotated[Path | None, typer.Option(help="X25519 public key (PEM) to seal the secrets for")] = None,
) -> None:
    """Database, keys and settings in one file, while the node runs. Recordings stay on their volumes."""
    from vms.app import resolved  # noqa: PLC0415
    from vms.base.sealing import read_passphrase, read_recipient  # noqa: PLC0415
    from vms.commands.backup import make_backup  # noqa: PLC0415
    from vms.settings import load  # noqa: PLC0415

    if passphrase_file is not None and recipient is None:
        secret = read_passphrase(passphrase_file)
    elif recipient is not None and passphrase_file is None:
        secret = read_recipient(recipient)
    else:
        raise typer.BadParameter("give --passphrase-file or --recipient: keys leave the node sealed only")
    made = make_backup(resolved(load(config)), to, secret)
    typer.echo(f"{made.path} ({made.size_bytes} bytes)")


@app.command()
def restore(
    backup_file: Annotated[Path, typer.Argument(help="made by `vms backup`")],
    config: Annotated[Path | None, typer.Option("--config", help="settings file; taken from the backup when it is not there")] = None,
    passphrase_file: PassphraseFile = None,
    identity: Annotated[Path | None, typer.Option(help="X25519 private key (PEM) that the secrets were sealed for")] = None,
    verify: Annotated[bool, typer.Option("--verify", help="only prove the file, and the secrets when they can be opened")] = False,
) -> None:
    """Put a backup back onto an empty data directory; the node must not run."""
    from vms.base.sealing import read_identity, read_passphrase  # noqa: PLC0415
    from vms.commands.restore import look  # noqa: PLC0415
    from vms.commands.restore import restore as put_back  # noqa: PLC0415

    secret = read_passphrase(passphrase_file) if passphrase_file else read_identity(identity) if identity else None
    if verify:
        manifest = look(backup_file, secret)
        typer.echo(f"good: {manifest.node_name} ({manifest.node_id}) of {manifest.made_at}{', secrets opened' if secret else ''}")
        return
    if secret is None or config is None:
        raise typer.BadParameter("give --config, and --passphrase-file or --identity")
    manifest = put_back(backup_file, config, secret)
    typer.echo(f"restored: {manifest.node_name} as of {manifest.made_at}; start it with `vms serve`")


@app.command()
def probe(
    url: Annotated[str, typer.Argument(help="rtsp://… of a camera; user and password may stand in it")],
    as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
) -> None:
    """Open a camera once and tell what it sends, or why it does not."""
    from vms.commands.probe import probe_url, tell  # noqa: PLC0415

    result = probe_url(url)
    typer.echo(json.dumps(result, indent=2, ensure_ascii=False) if as_json else tell(result))
    raise typer.Exit(0 if result["ok"] else 1)


@app.command()
def doctor(config: Config = None) -> None:
    """Look at the machine as a node needs it: kernel, limits, folders, database programs, clock."""
    from vms.commands.doctor import examine  # noqa: PLC0415
    from vms.settings import load  # noqa: PLC0415

    findings = examine(load(config))
    for finding in findings:
        typer.echo(f"[{'ok' if finding.ok else '!!'}] {finding.name}: {finding.detail}")
    raise typer.Exit(0 if all(finding.ok for finding in findings) else 1)


@volume.command("add")
def volume_add(path: Annotated[Path, typer.Argument(help="an empty folder, usually a disk's mount point")], config: Config = None) -> None:
    """Give the place an identity, once, and record on it from now on."""
    from vms.commands.volume import add  # noqa: PLC0415
    from vms.settings import load  # noqa: PLC0415

    typer.echo(add(load(config), path))


@volume.command("list")
def volume_list(config: Config = None, as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False) -> None:
    """Every volume of the node and what is found at its place now."""
    from vms.commands.volume import as_lines, look  # noqa: PLC0415
    from vms.settings import load  # noqa: PLC0415

    found = look(load(config))
    typer.echo(json.dumps(found, indent=2) if as_json else as_lines(found))
    raise typer.Exit(0 if all(entry["state"] == "ok" for entry in found) else 1)


@volume.command("retire")
def volume_retire(
    volume_id: Annotated[str, typer.Argument(metavar="ID")],
    config: Config = None,
    back: Annotated[bool, typer.Option("--back", help="record on it again")] = False,
) -> None:
    """Write nothing new to it; what it holds stays playable."""
    from vms.commands.volume import retire  # noqa: PLC0415
    from vms.settings import load  # noqa: PLC0415

    retire(load(config), volume_id, retired=not back)


@volume.command("replace")
def volume_replace(
    volume_id: Annotated[str, typer.Argument(metavar="ID", help="the volume whose disk is gone for good")],
    path: Annotated[Path | None, typer.Argument(help="place of the new disk; without it the same")] = None,
    config: Config = None,
) -> None:
    """A new, empty disk for one that is lost with everything on it; the index, the timeline and the chain tell what was lost."""
    from vms.commands.volume import replace  # noqa: PLC0415
    from vms.settings import load  # noqa: PLC0415

    done = replace(load(config), volume_id, path)
    if done.new:
        typer.echo(done.new)
    lost = done.lost
    typer.echo(f"lost with {volume_id}: {lost.segments} files ({lost.bytes} bytes) of {lost.cameras} cameras", err=True)


@app.command()
def version() -> None:
    """The program's version."""
    typer.echo(__version__)


@sim.command("cameras")
def sim_cameras(  # noqa: PLR0917  (as above)
    count: Annotated[int, typer.Option(min=1, max=2000)] = 16,
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8554,
    clip: Annotated[Path | None, typer.Option(help="one file for all cameras, main and sub")] = None,
    user: Annotated[str, typer.Option()] = "",
    password: Annotated[str, typer.Option(envvar="VMS_SIM_PASSWORD")] = "",
    script: Annotated[Path | None, typer.Option(help="faults (TOML)")] = None,
    ready_file: ReadyFile = None,
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
) -> None:
    """Cameras at rtsp://127.0.0.1:PORT/cam/{1..N}/{main|sub}."""
    import uvloop  # noqa: PLC0415

    from vms.base.log import configure  # noqa: PLC0415
    from vms.sim.command import SimOptions, serve_cameras  # noqa: PLC0415

    configure("console", role="sim")
    uvloop.run(serve_cameras(SimOptions(count, port, clip, user, password, script, ready_file, host)))


def main() -> None:
    """Entry point; an expected failure is one line on stderr and exit code 1."""
    try:
        app()
    except VmsError as error:
        print(error.message, file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        print(str(error), file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
