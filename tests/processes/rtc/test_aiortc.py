"""What vms.processes.rtc.transport takes from aiortc, aioice and pylibsrtp beyond their public interface (decision 0013).

The versions are pinned. When one is raised, these say first what changed.
"""

from __future__ import annotations

import ast
import inspect
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import pytest
from aioice.ice import CandidatePair, Connection, StunProtocol
from aiortc.rtcdtlstransport import RTCCertificate, RTCDtlsTransport
from aiortc.rtcicetransport import RTCIceGatherer, RTCIceTransport
from pylibsrtp import Error, Policy, Session

from tests.stream.links import on_a_loop
from vms.live.rtpsender import HISTORY_PACKETS

TRANSPORT = Path(__file__).parents[3] / "vms" / "processes" / "rtc" / "transport.py"
PRIVATE = {
    "_connection",
    "_handle_rtcp_data",
    "_handle_rtp_data",
    "_local_candidates",
    "_local_candidates_end",
    "_local_candidates_start",
    "_nominated",
    "_protocols",
    "_queue",
    "_set_role",
    "_tx_srtp",
}
OWN = {"_announced", "_gatherer", "_ice", "_on_rtcp", "_state_changed"}


def inside(thing: object, name: str) -> Any:
    """A name that the library does not promise."""
    assert name in PRIVATE | {"_remote_candidates_expected", "_role", "_setup_srtp"}
    return getattr(thing, name)


@pytest.mark.parametrize(("name", "pinned"), [("aiortc", "1.16.0"), ("aioice", "0.13.0"), ("pylibsrtp", "1.0.0")])
def test_the_versions_are_those_that_were_read(name: str, pinned: str) -> None:
    assert version(name) == pinned


def test_this_list_is_whole() -> None:
    """Private names of the libraries that transport.py uses or overrides."""
    tree = ast.parse(TRANSPORT.read_text())
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    overridden = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    assert {name for name in used | overridden if re.match("_[a-z]", name)} - OWN == PRIVATE


@on_a_loop
async def test_an_ice_connection_is_built_of_what_we_fill_in() -> None:
    connection = Connection(ice_controlling=False)
    assert (inside(connection, "_protocols"), inside(connection, "_local_candidates"), inside(connection, "_nominated")) == ([], [], {})
    assert inside(connection, "_local_candidates_start") is inside(connection, "_local_candidates_end") is False
    assert inside(connection, "_remote_candidates_expected")(), "without an end of candidates it waits for the viewer's checks"
    assert inside(connection, "_queue").qsize() == 0
    connection.data_received(b"x", 1)
    assert inside(connection, "_queue").get_nowait() == (b"x", 1)
    assert list(inspect.signature(Connection.gather_candidates).parameters) == ["self"]
    assert list(inspect.signature(StunProtocol).parameters) == ["receiver"]
    assert isinstance(CandidatePair.remote_addr, property)


@on_a_loop
async def test_the_layers_are_joined_as_we_join_them() -> None:
    gatherer = RTCIceGatherer(iceServers=[])
    assert isinstance(inside(gatherer, "_connection"), Connection)
    assert inside(gatherer, "_connection").stun_server is None
    ice = RTCIceTransport(gatherer)
    assert inside(ice, "_connection") is inside(gatherer, "_connection")
    dtls = RTCDtlsTransport(ice, [RTCCertificate.generateCertificate()])
    inside(dtls, "_set_role")("client")
    assert (inside(dtls, "_role"), dtls.state, inside(dtls, "_tx_srtp")) == ("client", "new", None)
    for name, parameters in {"_handle_rtcp_data": ["data"], "_handle_rtp_data": ["data", "arrival_time_ms"]}.items():
        assert list(inspect.signature(getattr(dtls, name)).parameters) == parameters
        assert inspect.iscoroutinefunction(getattr(dtls, name))


def test_srtp_protects_a_packet_again_within_its_window_and_says_so_beyond() -> None:
    """Repair relies on it: `allow_repeat_tx` and a window of 1,024, as _setup_srtp sets them."""
    source = inspect.getsource(inside(RTCDtlsTransport, "_setup_srtp"))
    assert "tx_policy.allow_repeat_tx = True" in source
    assert f"tx_policy.window_size = {HISTORY_PACKETS}" in source
    outbound: int = cast("Any", Policy).SSRC_ANY_OUTBOUND
    policy = Policy(key=bytes(30), ssrc_type=outbound)
    policy.allow_repeat_tx, policy.window_size = True, HISTORY_PACKETS
    session = Session(policy)
    packets = [bytes((0x80, 96)) + seq.to_bytes(2, "big") + bytes(8) + b"payload" for seq in range(HISTORY_PACKETS + 50)]
    sent = [session.protect(packet) for packet in packets]
    assert session.protect(packets[-HISTORY_PACKETS // 2]) == sent[-HISTORY_PACKETS // 2]
    with pytest.raises(Error):
        session.protect(packets[0])
