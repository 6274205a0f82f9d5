"""H.264 over RTP: NAL-exact against the encoder's stream, with honest, missing and lying marker bits."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.media.packetise import Sender, Unit, display_order, h264_stap, rtp, units_of
from vms.media.depacket import Depacketiser, make_depacketiser
from vms.media.nal import h264_type, split_length_prefixed
from vms.media.types import AccessUnit, Codec

B_FRAMES = "h264_b_frames.h264"
SLICES = "h264_four_slices.h264"


def fresh(**fmtp: str) -> Depacketiser:
    return make_depacketiser(Codec.H264, clock_rate=90_000, fmtp=fmtp)


def kept(units: list[Unit]) -> list[Unit]:
    return [[nal for nal in unit if h264_type(nal) not in {7, 8, 9}] for unit in units]


def nals(units: list[AccessUnit]) -> list[Unit]:
    return [split_length_prefixed(unit.data) for unit in units]


def push_all(source: Depacketiser, packets: list[bytes], batch: int = 11, *, ordered: bool = True) -> list[AccessUnit]:
    out: list[AccessUnit] = []
    for at in range(0, len(packets), batch):
        out += source.push(packets[at : at + batch], ordered=ordered)
        while source.more:
            out += source.push(())
    return out + source.flush()


def times(name: str) -> list[int]:
    return [3600 * place + 0xFFFFF000 for place in display_order(name)] if name == B_FRAMES else [3600 * n for n in range(50)]


def honest(index: int, count: int) -> bool:
    return index == count - 1


def missing(index: int, count: int) -> bool:
    return index > count


def everywhere(index: int, count: int) -> bool:
    return index < count


def on_the_first(index: int, count: int) -> bool:
    return index == 0 < count


@pytest.mark.parametrize("name", [B_FRAMES, SLICES])
@pytest.mark.parametrize("limit", [60, 200, 1400])
@pytest.mark.parametrize(
    "marker",
    [
        pytest.param(honest, id="honest"),
        pytest.param(missing, id="missing"),
        pytest.param(everywhere, id="on every packet"),
        pytest.param(on_the_first, id="on the first packet"),
    ],
)
def test_every_nal_unit_arrives_whatever_the_marker_bits_say(name: str, limit: int, marker: Callable[[int, int], bool]) -> None:
    units = units_of(name)
    source = fresh()
    got = push_all(source, Sender(limit=limit, marker=marker).stream(units, times(name)))
    expected = kept(units)
    if len(got) == len(expected) - 1:
        expected.pop()  # without an honest marker nothing tells the end of the last unit
    assert nals(got) == expected
    assert [unit.key for unit in got] == [any(h264_type(nal) == 5 for nal in unit) for unit in expected]
    assert [unit.rtp_time - got[0].rtp_time for unit in got] == [at - times(name)[0] for at in times(name)][: len(got)]
    assert (source.lost_packets, source.bad_packets, source.dropped_units, source.generation) == (0, 0, 0, 1)


def test_a_unit_leaves_with_its_marker_bit_once_markers_proved_honest() -> None:
    units, sender, source = units_of(SLICES), Sender(), fresh()
    counts = [len(source.push(sender.unit(unit, 3600 * n))) for n, unit in enumerate(units[:5])]
    assert counts == [0, 2, 1, 1, 1]


def test_frozen_timestamps_do_not_merge_pictures() -> None:
    units = units_of(SLICES)
    got = push_all(fresh(), Sender().stream(units, [90_000] * len(units)))
    assert nals(got) == kept(units)


def test_aggregated_parameter_sets_and_slices_are_taken_apart() -> None:
    units = units_of(B_FRAMES)
    packets = [rtp(h264_stap(unit), n, 3600 * n, marker=True) for n, unit in enumerate(units[:10])]
    assert nals(push_all(fresh(), packets)) == kept(units)[:10]


def test_parameter_sets_of_the_sdp_are_known_before_the_first_packet() -> None:
    source = fresh(**{"sprop-parameter-sets": sprop(units_of(SLICES))})
    assert source.info is not None
    assert (source.info.width, source.info.height, source.info.reorder_frames) == (160, 120, 0)
    assert source.generation == 1


def sprop(units: list[Unit]) -> str:
    from base64 import b64encode

    return ",".join(b64encode(nal).decode() for nal in units[0] if h264_type(nal) in {7, 8})


def test_a_lost_packet_drops_up_to_the_next_key_frame_and_marks_it() -> None:
    units, source = units_of(B_FRAMES), fresh()
    packets = Sender(limit=100).stream(units, times(B_FRAMES))
    hit = next(n for n, packet in enumerate(packets) if n > 40 and packet[12] & 0x1F == 28 and not packet[13] & 0xC0)
    got = push_all(source, packets[:hit] + packets[hit + 1 :])
    again = next(n for n, unit in enumerate(got) if unit.after_loss)
    second_key = [any(h264_type(nal) == 5 for nal in unit) for unit in units].index(True, 1)
    assert got[again].key
    assert nals(got)[again:] == kept(units)[second_key:]
    assert nals(got)[:again] == kept(units)[:again]
    assert source.lost_packets == 1
    assert source.dropped_units == len(units) - len(got)
    assert sum(unit.after_loss for unit in got) == 1


def test_a_stream_joined_in_the_middle_starts_with_a_key_frame() -> None:
    units = units_of(B_FRAMES)
    got = push_all(fresh(), Sender().stream(units[5:], times(B_FRAMES)[5:]))
    assert got[0].key
    assert not got[0].after_loss
    assert nals(got) == kept(units)[25:]


def test_units_of_a_new_configuration_wait_for_the_next_push() -> None:
    first, second = units_of(SLICES)[:3], units_of(B_FRAMES)[:3]
    packets = Sender().stream(first + second, [3600 * n for n in range(6)])
    source = fresh()
    assert nals(source.push(packets)) == kept(first)
    before = source.info
    assert source.generation == 1
    assert source.more
    assert nals(source.push(())) == kept(second)
    assert source.generation == 2
    assert source.info is not before
    assert not source.more


def test_repeated_parameter_sets_do_not_begin_a_new_generation() -> None:
    units = units_of(SLICES)
    source = fresh()
    push_all(source, Sender().stream(units + units, [3600 * n for n in range(2 * len(units))]))
    assert source.generation == 1


def test_an_annex_b_stream_inside_a_packet_is_split() -> None:
    units = units_of(SLICES)[:4]
    packets = [rtp(b"".join(b"\0\0\0\1" + nal for nal in unit), n, 3600 * n, marker=True) for n, unit in enumerate(units)]
    assert nals(push_all(fresh(), packets)) == kept(units)


def test_parameter_sets_and_slices_joined_by_start_codes_are_split() -> None:
    units = units_of(SLICES)[:2]
    packets = [rtp(b"\0\0\0\1".join(unit), n, 3600 * n, marker=True) for n, unit in enumerate(units[:1])]
    packets += Sender(seq=1).unit(units[1], 3600)
    assert nals(push_all(fresh(), packets)) == kept(units)


def test_packets_out_of_order_come_out_in_order_over_udp() -> None:
    units = units_of(B_FRAMES)
    packets = Sender(limit=100).stream(units, times(B_FRAMES))
    for at in range(1, len(packets) - 4, 5):
        packets[at], packets[at + 3] = packets[at + 3], packets[at]
    source = fresh()
    assert nals(push_all(source, packets, ordered=False)) == kept(units)
    assert source.lost_packets == 0


def test_packets_of_another_source_are_not_accepted_over_udp() -> None:
    units = units_of(SLICES)
    packets = Sender(seq=100).stream(units, times(SLICES))
    mixed = [p for n, packet in enumerate(packets) for p in (packet, rtp(b"\x65\x88evil", 100 + n, 0, ssrc=666))]
    source = fresh()
    got = push_all(source, mixed, ordered=False)
    assert all(b"evil" not in unit.data for unit in got)


def test_a_restarted_encoder_goes_on_at_its_next_key_frame_over_tcp() -> None:
    units = units_of(SLICES)[:4]
    packets = Sender().stream(units, times(SLICES)[:4])
    other = [rtp(p[12:], 7 + n, 5000 + 3600 * (p[4] != 0), marker=bool(p[1] & 0x80), ssrc=9) for n, p in enumerate(packets[:3])]
    source = fresh()
    got = push_all(source, packets[:-2] + other + Sender(seq=99).stream(units, [9000 + 3600 * n for n in range(4)]))
    assert got[0].key
    assert any(unit.after_loss and unit.key for unit in got)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=30), st.booleans())
def test_garbage_is_counted_and_never_raises(packets: list[bytes], ordered: bool) -> None:
    source = fresh()
    source.push(packets, ordered=ordered)
    source.push([b"\x80\x60" + packet for packet in packets], ordered=ordered)
    source.flush()


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_damaged_streams_never_raise_and_units_keep_their_shape(data: st.DataObject) -> None:
    packets = Sender(limit=90).stream(units_of(SLICES)[:6], times(SLICES)[:6])
    for _ in range(data.draw(st.integers(1, 12))):
        at = data.draw(st.integers(0, len(packets) - 1))
        match data.draw(st.sampled_from(["drop", "swap", "cut", "flip", "double"])):
            case "drop":
                del packets[at]
            case "swap":
                packets[at], packets[at - 1] = packets[at - 1], packets[at]
            case "cut":
                packets[at] = packets[at][: data.draw(st.integers(0, 30))]
            case "double":
                packets.insert(at, packets[at])
            case _:
                where = data.draw(st.integers(0, max(len(packets[at]) - 1, 0)))
                packets[at] = packets[at][:where] + bytes((data.draw(st.integers(0, 255)),)) + packets[at][where + 1 :]
    source = fresh()
    for unit in push_all(source, packets, batch=3, ordered=data.draw(st.booleans())):
        split_length_prefixed(unit.data)


def test_parameter_sets_in_the_middle_of_a_gop_drop_up_to_the_next_key_frame_and_mark_it() -> None:
    """A camera that changes its mind: what was decoded with the old sets ends, and the hole is told even when the old ones come back."""
    units, sender, source = units_of(SLICES), Sender(limit=1400), fresh()
    other = next(nal for nal in units_of(B_FRAMES)[0] if h264_type(nal) == 7)
    packets = [packet for n, unit in enumerate([*units[:10], [other, *units[10]], *units[11:]]) for packet in sender.unit(unit, 3600 * n)]
    got = push_all(source, packets)
    assert [unit.rtp_time // 3600 for unit in got] == [*range(10), *range(25, 50)]
    assert [unit.rtp_time // 3600 for unit in got if unit.after_loss] == [25]
    assert source.dropped_units == 15


def test_a_nal_type_that_changes_within_its_fragments_is_one_unit_or_a_loss() -> None:
    """C9: some firmware writes another type into later fragments (RFC 6184 clause 5.8 wants the same in all)."""
    units, sender, source = units_of(SLICES), Sender(limit=200), fresh()
    packets = [packet for n, unit in enumerate(units) for packet in sender.unit(unit, 3600 * n)]
    middle = [p[:13] + bytes((p[13] & 0xE0 | 5,)) + p[14:] if p[12] & 0x1F == 28 and not p[13] & 0xC0 else p for p in packets]
    assert middle != packets
    got = push_all(source, middle)
    assert nals(got) == kept(units)
    assert [unit.key for unit in got] == [any(h264_type(nal) == 5 for nal in unit) for unit in kept(units)]


@pytest.mark.parametrize("more", [b"\0\0\0", b"\x80", b"\0\0\0\0\x80\0"], ids=["zeros", "stop bit", "both"])
def test_bytes_behind_a_parameter_set_change_nothing_of_the_picture(more: bytes) -> None:
    """C9."""
    units, sender, source = units_of(SLICES), Sender(limit=1400), fresh()
    longer = [[nal + more if h264_type(nal) == 7 else nal for nal in unit] for unit in units]
    got = push_all(source, [packet for n, unit in enumerate(longer) for packet in sender.unit(unit, 3600 * n)])
    assert nals(got) == kept(units)
    assert source.info is not None
    plain = fresh()
    push_all(plain, Sender(limit=1400).stream(units, [3600 * n for n in range(50)]))
    assert plain.info is not None
    assert (source.info.width, source.info.height, source.info.mime) == (plain.info.width, plain.info.height, plain.info.mime)
