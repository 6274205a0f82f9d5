"""Completeness as a table to read: CSV for spreadsheets, one printable HTML page; Chinese and English.

What stands in a cell came from forms: a cell that a spreadsheet would run begins with an apostrophe, HTML is escaped.
Not here: what is signed (statement).
"""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Mapping, Sequence

from vms.base.timespan import format_time
from vms.completeness.about import About
from vms.owner.completeness import CameraDays, Figures, Language

HOUR_US = 3_600_000_000
WORDS: dict[Language, Mapping[str, str]] = {
    "zh": {
        "title": "录像完整率",
        "name": "点位",
        "code": "国标编码",
        "day": "日期",
        "planned": "应录时长",
        "recorded": "实录时长",
        "rate": "完整率",
        "missing": "缺失（按原因）",
        "total": "合计",
        "from": "起止日期",
        "node": "节点",
        "region": "区域",
        "everywhere": "全部",
        "made": "生成时间",
        "by": "生成人",
        "waiting": "注意：其中 {n} 个点位·日尚未统计。",
        "rule": "完整率 = 实录 ÷ 应录；不超过 2 秒的间断按连续计。计划外与未接入时段不计入应录。",
        "none": "无应录",
        "camera_offline": "摄像机离线",
        "auth": "鉴权失败",
        "network": "网络中断",
        "disk_full": "存储已满",
        "io_error": "存储故障",
        "worker_crash": "采集进程故障",
        "overload_drop": "过载丢弃",
        "operator_stop": "人工停止",
        "clock_step": "时钟跳变",
        "power": "断电",
        "volume_lost": "存储卷损毁",
        "unknown": "原因不明",
    },
    "en": {
        "title": "Recording completeness",
        "name": "Point",
        "code": "Code",
        "day": "Day",
        "planned": "Planned",
        "recorded": "Recorded",
        "rate": "Rate",
        "missing": "Missing, by cause",
        "total": "Total",
        "from": "Days",
        "node": "Node",
        "region": "Region",
        "everywhere": "all",
        "made": "Made at",
        "by": "Made by",
        "waiting": "Mind: {n} camera-days of it are not counted yet.",
        "rule": "Rate = recorded ÷ planned; gaps of up to 2 s count as unbroken. Outside the plan, and before registration nothing is due.",
        "none": "nothing planned",
        "camera_offline": "camera offline",
        "auth": "wrong credentials",
        "network": "network",
        "disk_full": "disk full",
        "io_error": "disk error",
        "worker_crash": "process failure",
        "overload_drop": "overload",
        "operator_stop": "stopped by hand",
        "clock_step": "clock step",
        "power": "power",
        "volume_lost": "disk lost",
        "unknown": "unknown",
    },
}
STYLE = """
body{font:12px/1.5 "PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;color:#000;background:#fff;margin:24px}
table{border-collapse:collapse;width:100%}th,td{border:1px solid #999;padding:2px 6px;text-align:left}
td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}thead{display:table-header-group}tr{break-inside:avoid}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 12px}dt{font-weight:600}dd{margin:0}
@page{size:A4 landscape;margin:12mm}
"""


def as_csv(about: About, cameras: Sequence[CameraDays], language: Language) -> bytes:
    """A row per camera and day; UTF-8 with a mark, or a spreadsheet takes it for something else. Times in seconds."""
    words = WORDS[language]
    causes = sorted({cause for camera in cameras for cause in camera.total.gaps})
    out = io.StringIO()
    table = csv.writer(out)
    seconds = [f"{words[name]} (s)" for name in ("planned", "recorded")]
    table.writerow([words["name"], words["code"], words["day"], *seconds, words["rate"], *(f"{_cause(words, c)} (s)" for c in causes)])
    for camera in cameras:
        for day in camera.days:
            told = day.figures
            lost = [_seconds(told.gaps.get(cause, 0)) for cause in causes]
            own = [_plain(camera.name), camera.code or "", day.day, _seconds(told.planned_us), _seconds(told.recorded_us)]
            table.writerow([*own, rate_text(told.rate_ppm), *lost])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def as_html(about: About, sums: Figures, cameras: Sequence[CameraDays], language: Language) -> bytes:
    """One page without anything from elsewhere, worst camera first, made to be printed."""
    words = WORDS[language]
    ordered = sorted(cameras, key=lambda c: (1_000_001 if c.total.rate_ppm is None else c.total.rate_ppm, c.name))
    rows = "".join(_row(words, camera.name, camera.code or "", camera.total) for camera in ordered)
    head = "".join(f"<th>{html.escape(words[name])}</th>" for name in ("name", "code", "planned", "recorded", "rate", "missing"))
    facts = {
        "from": f"{about.from_day} – {about.to_day}",
        "region": about.region_name or words["everywhere"],
        "node": f"{about.node_name} ({about.node_id})",
        "made": format_time(about.made_us),
        "by": about.made_by,
    }
    told = "".join(f"<dt>{html.escape(words[name])}</dt><dd>{html.escape(value)}</dd>" for name, value in facts.items())
    warning = f"<p><strong>{html.escape(words['waiting'].format(n=about.waiting))}</strong></p>" if about.waiting else ""
    page = (
        f'<!doctype html><html lang="{"zh-CN" if language == "zh" else "en"}"><head><meta charset="utf-8">'
        f"<title>{html.escape(words['title'])} {about.from_day} – {about.to_day}</title><style>{STYLE}</style></head><body>"
        f"<h1>{html.escape(words['title'])}</h1><dl>{told}</dl>{warning}<p>{html.escape(words['rule'])}</p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody><tfoot>{_row(words, words['total'], '', sums)}</tfoot></table>"
        "</body></html>\n"
    )
    return page.encode()


def rate_text(ppm: int | None) -> str:
    """Per cent with two places, rounded down; nothing without planned time."""
    return "" if ppm is None else f"{ppm // 10_000}.{ppm % 10_000 // 100:02d}%"


def _row(words: Mapping[str, str], name: str, code: str, told: Figures) -> str:
    lost = sorted(told.gaps.items(), key=lambda gap: -gap[1])
    missing = ", ".join(f"{_cause(words, cause)} {_duration(us)}" for cause, us in lost)
    cells = [_duration(told.planned_us), _duration(told.recorded_us), rate_text(told.rate_ppm) or words["none"]]
    numbers = "".join(f'<td class="n">{html.escape(cell)}</td>' for cell in cells)
    return f"<tr><td>{html.escape(name)}</td><td>{html.escape(code)}</td>{numbers}<td>{html.escape(missing)}</td></tr>"


def _cause(words: Mapping[str, str], cause: str) -> str:
    """A newer recorder may know a cause that this table does not."""
    return words.get(cause, cause)


def _duration(us: int) -> str:
    return f"{us // HOUR_US}:{us // 60_000_000 % 60:02d}:{us // 1_000_000 % 60:02d}"


def _seconds(us: int) -> str:
    return f"{us // 1_000_000}.{us % 1_000_000:06d}"


def _plain(text: str) -> str:
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
