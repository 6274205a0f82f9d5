"""The log hides secrets, counts floods and writes one line per event."""

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest

from vms.base.log import ConsoleFormatter, JsonFormatter, LineHandler, Log, configure, get_log, redact


class Now:
    def __init__(self) -> None:
        self.s = 100.0

    def __call__(self) -> float:
        return self.s


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
def log(out: io.StringIO, now: Now) -> Iterator[Log]:
    handler = LineHandler(out, now)
    handler.setFormatter(JsonFormatter(role="worker"))
    logger = logging.getLogger("tests.log")
    logger.addHandler(handler)
    logger.propagate = False
    logger.setLevel(logging.INFO)
    yield get_log("tests.log", camera="c1")
    logger.removeHandler(handler)


def lines(out: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("given", "secret"),
    [
        ("open rtsp://admin:Jd-2026@192.0.2.7/live failed", "Jd-2026"),
        ("open rtsp://admin:a@b@192.0.2.7/live failed", "a@b"),
        ("postgresql+psycopg://vms:pw@/vms?host=/run", "pw"),
        ("Authorization: Bearer abcdef.ghi-jkl", "ghi"),
        ('Authorization: Digest username="admin", response="0123456789abcdef"', "0123456789abcdef"),
        ("got bearer t_5Zx8abcdef in a frame", "5Zx8"),
        ('{"password": "Station 7", "name": "gate"}', "Station"),
        ("GET /api?token=t_123456&x=1", "t_123456"),
        ("Set-Cookie: __Host-session=s_abcdef; Path=/", "s_abcdef"),
        ("{'api_key': 'k-9'}", "k-9"),
        ("password=hunter2", "hunter2"),
    ],
)
def test_secrets_in_text_are_hidden(given: str, secret: str) -> None:
    assert secret not in redact(given)
    assert "***" in redact(given)


@pytest.mark.parametrize("harmless", ["rtsp://192.0.2.7:554/cam/1/main", "12 frames lost", "Basic realm missing", "mail gate@example.org"])
def test_harmless_text_stays_as_it_is(harmless: str) -> None:
    assert redact(harmless) == harmless


def test_a_record_is_one_json_line_with_bound_and_common_facts(log: Log, out: io.StringIO) -> None:
    log.info(
        "camera lost", cause="auth", url="rtsp://u:w@192.0.2.1/x", password="w", nested={"token": "t"}, many=["rtsp://u:w@192.0.2.1/y"]
    )
    (line,) = lines(out)
    assert line["event"] == "camera lost"
    assert line["level"] == "info"
    assert (line["camera"], line["cause"], line["role"]) == ("c1", "auth", "worker")
    assert line["url"] == "rtsp://***@192.0.2.1/x"
    assert line["password"] == "***"
    assert line["nested"] == {"token": "***"}
    assert line["many"] == ["rtsp://***@192.0.2.1/y"]


def test_a_trace_is_redacted_too(log: Log, out: io.StringIO) -> None:
    try:
        raise ValueError("rtsp://u:Hidden-1@192.0.2.1/x")
    except ValueError:
        log.bind(run="r").exception("failed")
    (line,) = lines(out)
    assert line["run"] == "r"
    assert "ValueError" in str(line["trace"])
    assert "Hidden-1" not in out.getvalue()


def test_a_flood_is_one_line_a_second_with_the_count(log: Log, out: io.StringIO, now: Now) -> None:
    for _ in range(1_000):
        log.flood("packets lost", count=2)
    assert [line["count"] for line in lines(out)] == [2]
    now.s += 1.0
    log.flood("packets lost", count=2)
    assert [line["count"] for line in lines(out)] == [2, 2_000]


def test_the_rest_of_a_flood_comes_with_a_later_line_and_a_quiet_second_forgets_it(log: Log, out: io.StringIO, now: Now) -> None:
    for _ in range(3):
        log.flood("packets lost")
    now.s += 1.5
    log.info("tick")
    now.s += 1.5
    log.info("tock")
    log.flood("packets lost")
    assert [(line["event"], line.get("count")) for line in lines(out)] == [
        ("packets lost", 1),
        ("tick", None),
        ("packets lost", 2),
        ("tock", None),
        ("packets lost", 1),
    ]


def test_floods_of_two_cameras_are_counted_apart(log: Log, out: io.StringIO) -> None:
    log.bind(camera="a").flood("packets lost")
    log.bind(camera="b").flood("packets lost")
    assert [line["camera"] for line in lines(out)] == ["a", "b"]


def test_the_console_form_is_for_people(out: io.StringIO) -> None:
    record = logging.LogRecord("x", logging.WARNING, __file__, 1, "camera %s lost", ("c1",), None)
    record.facts = {"url": "rtsp://u:w@192.0.2.1/x"}
    assert ConsoleFormatter().format(record).endswith("WARNING camera c1 lost url=rtsp://***@192.0.2.1/x")


def test_configure_makes_every_library_write_the_same_lines() -> None:
    code = (
        "import logging\nfrom vms.base.log import configure, get_log\n"
        "configure('json', role='control')\n"
        "logging.getLogger('other').warning('token=%s', 'abc')\n"
        "log = get_log('x')\n"
        "for _ in range(5): log.flood('many')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    told = [json.loads(line) for line in done.stderr.splitlines()]
    assert [(t["event"], t["role"], t.get("count")) for t in told] == [
        ("token=***", "control", None),
        ("many", "control", 1),
        ("many", "control", 4),
    ]


def test_configure_replaces_what_was_there(out: io.StringIO) -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        handler = configure("console", stream=out)
        assert root.handlers == [handler]
    finally:
        root.handlers[:] = before
        root.setLevel(level)
