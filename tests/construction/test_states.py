"""The table of live states: reports become one state per camera."""

from __future__ import annotations

from vms.construction.states import ProfileState, StateTable, profile_state


def test_the_cameras_state_is_its_main_profiles() -> None:
    table = StateTable()
    before, after = table.report("c1", "sub", ProfileState("online", last_frame_us=9, recording=True))
    assert before is None
    assert after.state == "online"
    before, after = table.report("c1", "main", ProfileState("offline", cause="auth", message="no", since_us=5, last_frame_us=3))
    assert before is not None and before.state == "online"
    assert (after.state, after.cause, after.message, after.since_us) == ("offline", "auth", "no", 5)
    assert (after.recording, after.last_frame_us) == (True, 9)
    assert table.get("c1") == after
    assert (table.in_state("offline"), table.in_state("online"), table.counts()) == (["c1"], [], (0, 1))


def test_a_workers_message_becomes_a_state() -> None:
    video = {"track": 1, "codec": "h264", "mime": "video/mp4", "width": 1920, "height": 1080, "fps": 25.0, "reorder_frames": 2}
    audio = {"track": 2, "codec": "pcma", "mime": "audio/mp4"}
    message = {
        "op": "state",
        "camera": "c1",
        "profile": "main",
        "state": "online",
        "cause": None,
        "message": None,
        "since_us": 5,
        "recording": True,
        "last_frame_us": 7,
        "tracks": [audio, video],
        "gop_ms": 2000,
        "fps": 24.9,
        "bitrate_bps": 2_000_000,
    }
    said = profile_state(message)
    assert (said.codec, said.width, said.height, said.fps, said.has_b_frames, said.audio) == ("h264", 1920, 1080, 24.9, True, "pcma")
    assert (said.state, said.recording, said.last_frame_us, said.gop_ms, said.bitrate_bps) == ("online", True, 7, 2000, 2_000_000)


def test_a_camera_never_seen_tells_nothing_of_its_stream() -> None:
    said = profile_state({"state": "connecting", "since_us": 5})
    assert (said.codec, said.fps, said.has_b_frames, said.audio, said.recording) == (None, None, None, None, False)
