"""The log: one line per event, JSON or for a console, secrets removed, floods as counts.

The standard library's logging, because the worker's whole start-up may cost 0.25 s and structlog alone takes a fifth
of a second and more. Records of other libraries pass the same formatter, so redaction has one place.
"""

from __future__ import annotations

import atexit
import json
import logging
import re
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, TextIO, cast

from vms.base.timespan import format_time

HIDDEN = "***"
_FLOOD_S = 1.0
_NAMES = ("password", "passwd", "passphrase", "pwd", "secret", "token", "authorization", "cookie", "credential", "login_url")
_SECRET_WORDS = "|".join((*_NAMES, "api[_-]?key", "private[_-]?key"))
_SECRET_KEY = re.compile(_SECRET_WORDS, re.IGNORECASE)
# Cheap test first: most lines hold none of these.
_SUSPECT = re.compile(rf"://|bearer|basic|digest|{_SECRET_WORDS}", re.IGNORECASE)
_VALUE = r"(?:\"[^\"]*\"|'[^']*'|[^\s&,;\"'})\]]+)"


def _rule(pattern: str, replacement: str) -> tuple[re.Pattern[str], str]:
    return re.compile(pattern, re.IGNORECASE), replacement


_RULES = (
    _rule(r"(?P<scheme>\b[a-z][a-z0-9+.-]*://)[^\s/?#\"']*@", rf"\g<scheme>{HIDDEN}@"),
    _rule(r"(?P<name>(?:proxy-)?authorization|(?:set-)?cookie)(?P<sep>[\"']?\s*[:=]\s*)[^\r\n]+", rf"\g<name>\g<sep>{HIDDEN}"),
    _rule(r"\b(?P<scheme>bearer|basic|digest)\s+(?!realm)[A-Za-z0-9+/=._~-]{6,}[^\r\n]*", rf"\g<scheme> {HIDDEN}"),
    _rule(rf"(?P<name>[\w-]*(?:{_SECRET_WORDS})[\w-]*)(?P<sep>[\"']?\s*[=:]\s*){_VALUE}", rf"\g<name>\g<sep>{HIDDEN}"),
)


def redact(text: str) -> str:
    """`text` without user names and passwords of URLs, authorization headers, and values behind secret names."""
    if _SUSPECT.search(text):
        for pattern, replacement in _RULES:
            text = pattern.sub(replacement, text)
    return text


def redact_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts with secret keys hidden and strings redacted, at any depth."""
    return {key: HIDDEN if _SECRET_KEY.search(key) and value else _redact_value(value) for key, value in facts.items()}


def _redact_value(value: Any) -> Any:
    match value:
        case str():
            return redact(value)
        case Mapping():
            items = cast(Mapping[object, Any], value)
            return redact_facts({str(key): item for key, item in items.items()})
        case list() | tuple() | set() | frozenset():
            return [_redact_value(item) for item in cast(Iterable[Any], value)]
        case _:
            return value


class Log:
    """A named source of events with facts bound to it: `log.info("camera lost", camera=id, cause="auth")`."""

    def __init__(self, name: str, facts: Mapping[str, Any] | None = None) -> None:
        self._logger = logging.getLogger(name)
        self._facts = dict(facts or {})

    def bind(self, **facts: Any) -> Log:
        return Log(self._logger.name, {**self._facts, **facts})

    def debug(self, event: str, **facts: Any) -> None:
        self._write(logging.DEBUG, event, facts)

    def info(self, event: str, **facts: Any) -> None:
        self._write(logging.INFO, event, facts)

    def warning(self, event: str, **facts: Any) -> None:
        self._write(logging.WARNING, event, facts)

    def error(self, event: str, **facts: Any) -> None:
        self._write(logging.ERROR, event, facts)

    def exception(self, event: str, **facts: Any) -> None:
        """An error with the traceback of the exception being handled."""
        self._write(logging.ERROR, event, facts, trace=True)

    def flood(self, event: str, count: int = 1, **facts: Any) -> None:
        """Something that may happen thousands of times a second: one line a second with the sum of `count`."""
        self._write(logging.WARNING, event, facts, flood=count)

    def _write(self, level: int, event: str, facts: Mapping[str, Any], *, trace: bool = False, flood: int = 0) -> None:
        if self._logger.isEnabledFor(level):
            merged = {**self._facts, **facts} if self._facts else facts
            self._logger.log(level, "%s", event, exc_info=trace, extra={"facts": merged, "flood": flood})


def get_log(name: str, **facts: Any) -> Log:
    return Log(name, facts)


class LineHandler(logging.StreamHandler[TextIO]):
    """Writes lines; records of a flood are summed and written at most once a second, the rest of the sum with a later line."""

    def __init__(self, stream: TextIO, mono_s: Callable[[], float] = time.monotonic) -> None:
        super().__init__(stream)
        self._mono_s = mono_s
        self._floods: dict[tuple[str, str, str], _Flood] = {}

    def emit(self, record: logging.LogRecord) -> None:
        count: int = getattr(record, "flood", 0)
        if count:
            key = (record.name, record.getMessage(), str(getattr(record, "facts", "")))
            flood = self._floods.setdefault(key, _Flood(record))
            flood.record, flood.count = record, flood.count + count
        else:
            super().emit(record)
        if self._floods:
            self.flush_floods(self._mono_s())

    def flush_floods(self, now_s: float) -> None:
        """Write the sums that are due; `inf` writes all (at exit)."""
        for key, flood in list(self._floods.items()):
            if now_s < flood.due_s:
                continue
            if flood.count == 0:
                del self._floods[key]  # quiet for a second: the next one is news again
                continue
            flood.record.facts = {**getattr(flood.record, "facts", {}), "count": flood.count}
            super().emit(flood.record)
            flood.count, flood.due_s = 0, now_s + _FLOOD_S

    def close(self) -> None:
        self.flush_floods(float("inf"))
        super().close()


class _Flood:
    def __init__(self, record: logging.LogRecord) -> None:
        self.record = record
        self.count = 0
        self.due_s = 0.0


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, event, then the facts."""

    def __init__(self, **common: Any) -> None:
        super().__init__()
        self._common = common

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": format_time(int(record.created * 1_000_000)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": redact(record.getMessage()),
            **self._common,
            **redact_facts(getattr(record, "facts", {})),
        }
        if record.exc_info:
            line["trace"] = redact(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=lambda value: redact(str(value)))


class ConsoleFormatter(logging.Formatter):
    """For people: time, level, event, `key=value`."""

    def format(self, record: logging.LogRecord) -> str:
        facts = redact_facts(getattr(record, "facts", {}))
        told = "".join(f" {key}={redact(str(value))}" for key, value in facts.items())
        line = f"{format_time(int(record.created * 1_000_000))[11:23]} {record.levelname:<7} {redact(record.getMessage())}{told}"
        return f"{line}\n{redact(self.formatException(record.exc_info))}" if record.exc_info else line


def configure(
    form: Literal["json", "console"] = "json", *, level: str = "INFO", stream: TextIO | None = None, **common: Any
) -> LineHandler:
    """Send every record of the process to one handler; `common` facts (role, node) stand on every JSON line."""
    handler = LineHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter(**common) if form == "json" else ConsoleFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for talkative in ("httpx2", "httpcore2", "uvicorn"):  # a line per request or start is no change of state
        logging.getLogger(talkative).setLevel(max(logging.WARNING, root.level))
    atexit.register(handler.flush_floods, float("inf"))
    return handler
