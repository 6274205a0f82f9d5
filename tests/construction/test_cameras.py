"""Cameras on the register: what is taken, what is kept secret, what is announced, what a list finds."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from tests.construction.desk import URL, TestDesk
from vms.base.errors import Kind, VmsError
from vms.base.ids import new_id
from vms.owner.registration import (
    CameraPage,
    CameraView,
    CreateCamera,
    CreateCameras,
    CreateRegion,
    DeleteCamera,
    GetCamera,
    ListCameras,
    ProfileSpec,
    UpdateCamera,
)
from vms.owner.requests import Actor, Request
from vms.registry.queries import camera_id
from vms.registry.roster import RosterItem, roster

CODE = "34020000001320000001"


def refusal(desk: TestDesk, request: Request) -> VmsError:
    with pytest.raises(VmsError) as refused:
        desk.ask(request)
    return refused.value


def pulled(desk: TestDesk) -> list[RosterItem]:
    with desk.database.transaction() as session:
        return roster(session, desk.envelope, "n1")


def inbox(desk: TestDesk) -> list[tuple[str, str, dict[str, Any]]]:
    with desk.database.transaction() as session:
        rows = session.execute(text("SELECT type, subject_id, data FROM journal_inbox ORDER BY id"))
        return [(row.type, row.subject_id, row.data) for row in rows]


def names(page: CameraPage) -> list[str]:
    return [camera.name for camera in page.items]


def test_a_new_camera_is_connecting_and_told_of(desk: TestDesk) -> None:
    camera = desk.camera(code=CODE)
    assert (camera.state, camera.recording, camera.revision, camera.node_id) == ("connecting", False, 1, "n1")
    assert desk.ask(GetCamera(camera.id)) == desk.ask(GetCamera(CODE)) == camera
    assert desk.changes == [camera.id]
    assert inbox(desk) == [("camera.registered", camera.id, {"name": "North gate", "code": CODE, "by": "integrator"})]


def test_credentials_are_split_off_sealed_and_opened_only_for_the_roster(desk: TestDesk) -> None:
    camera = desk.camera(url="rtsp://admin:ge%3Aheim@192.0.2.7/stream1")
    assert (camera.username, camera.has_password, camera.profiles[0].url) == ("admin", True, URL)
    with desk.database.transaction() as session:
        dump = str(session.execute(text("SELECT cameras::text, camera_profiles::text FROM cameras, camera_profiles")).all())
        facts = str(session.execute(text("SELECT data::text FROM journal_inbox")).all())
    assert "ge:heim" not in dump + facts + repr(camera)
    item = pulled(desk)[0]
    assert (item.url, item.username, item.password) == (URL, "admin", "ge:heim")
    assert "ge:heim" not in repr(item)


def test_given_credentials_win_over_the_urls(desk: TestDesk) -> None:
    desk.camera(url="rtsp://admin:one@192.0.2.7/stream1", username="viewer", password="two")
    assert (pulled(desk)[0].username, pulled(desk)[0].password) == ("viewer", "two")


def test_profiles_with_different_users_are_refused(desk: TestDesk) -> None:
    profiles = (ProfileSpec("main", "rtsp://a:b@192.0.2.7/1"), ProfileSpec("sub", "rtsp://c:d@192.0.2.7/2"))
    assert refusal(desk, CreateCamera(name="gate", profiles=profiles)).kind is Kind.BAD_REQUEST


def test_a_password_inside_the_path_is_masked_and_survives_a_round_trip(desk: TestDesk) -> None:
    url = "rtsp://192.0.2.7/user=admin_password=geheim_channel=1"
    camera = desk.camera(url=url)
    shown = camera.profiles[0].url
    assert "geheim" not in shown
    desk.ask(UpdateCamera(camera.id, profiles=(ProfileSpec("main", shown, "tcp"),)))
    assert (pulled(desk)[0].url, pulled(desk)[0].transport) == (url, "tcp")
    with desk.database.transaction() as session:
        assert "geheim" not in str(session.execute(text("SELECT camera_profiles::text FROM camera_profiles")).all())


REFUSED: list[tuple[dict[str, Any], Kind]] = [
    ({"name": " "}, Kind.BAD_REQUEST),
    ({"name": "a\nb"}, Kind.BAD_REQUEST),
    ({"name": "x" * 201}, Kind.BAD_REQUEST),
    ({"code": "123"}, Kind.BAD_REQUEST),
    ({"code": CODE + "\n"}, Kind.BAD_REQUEST),
    ({"id": "gate-1"}, Kind.BAD_REQUEST),
    ({"id": new_id().upper().replace("7", "A", 1)}, Kind.BAD_REQUEST),
    ({"region_id": new_id()}, Kind.NOT_FOUND),
    ({"password": "a\0b"}, Kind.BAD_REQUEST),
    ({"idempotency_key": "a b"}, Kind.BAD_REQUEST),
    ({"profiles": ()}, Kind.BAD_REQUEST),
    ({"profiles": (ProfileSpec("sub", URL),)}, Kind.BAD_REQUEST),
    ({"profiles": (ProfileSpec("main", URL), ProfileSpec("main", URL))}, Kind.BAD_REQUEST),
    ({"profiles": (ProfileSpec("main", "http://192.0.2.7/"),)}, Kind.BAD_REQUEST),
    ({"profiles": (ProfileSpec("main", "rtsp://127.0.0.1/"),)}, Kind.NOT_ALLOWED),
    ({"profiles": (ProfileSpec("main", "rtsp://[::ffff:127.0.0.1]/"),)}, Kind.NOT_ALLOWED),
]


def test_what_the_register_cannot_take_is_refused_in_kind(desk: TestDesk) -> None:
    for fields, kind in REFUSED:
        whole: dict[str, Any] = {"name": "gate", "profiles": (ProfileSpec("main", URL),), **fields}
        assert refusal(desk, CreateCamera(**whole)).kind is kind, fields
    assert (desk.changes, inbox(desk), pulled(desk)) == ([], [], [])


def test_a_repeated_request_answers_the_camera_it_made(desk: TestDesk) -> None:
    first = desk.camera(password="one", idempotency_key="k1")
    assert desk.camera(password="one", idempotency_key="k1").id == first.id
    assert len(pulled(desk)) == 1
    with pytest.raises(VmsError) as refused:
        desk.camera(password="two", idempotency_key="k1")
    assert refused.value.kind is Kind.CONFLICT
    other = Actor("a2", "other", "person", "s2", frozenset({"list", "configure"}))
    request = CreateCamera(name="North gate", profiles=(ProfileSpec("main", URL),), password="one", idempotency_key="k1")
    made: CameraView = desk.ask(request, other)
    assert made.id != first.id


def test_a_key_is_forgotten_after_a_day(desk: TestDesk) -> None:
    first = desk.camera(idempotency_key="k1")
    desk.clock.step_wall(24 * 3600 * 1_000_000 + 1)
    assert desk.camera(idempotency_key="k1").id != first.id


def test_a_code_belongs_to_one_camera(desk: TestDesk) -> None:
    first = desk.camera(code=CODE)
    with pytest.raises(VmsError) as refused:
        desk.camera(code=CODE)
    assert (refused.value.kind, refused.value.facts["camera"]) == (Kind.CONFLICT, first.id)
    desk.ask(DeleteCamera(first.id))
    assert desk.camera(code=CODE).id != first.id


def test_an_update_changes_only_what_it_names(desk: TestDesk) -> None:
    camera = desk.camera(username="admin", password="w", code=CODE)
    changed: CameraView = desk.ask(UpdateCamera(camera.id, name="South gate", code=None, record="never"))
    assert (changed.name, changed.code, changed.record, changed.revision) == ("South gate", None, "never", 2)
    item = pulled(desk)[0]
    assert (item.username, item.password, item.record, item.url) == ("admin", "w", "never", URL)
    assert inbox(desk)[-1] == ("camera.changed", camera.id, {"changed": ["name", "code", "record"], "by": "integrator"})
    assert desk.changes == [camera.id] * 2


def test_an_update_against_an_old_revision_is_refused(desk: TestDesk) -> None:
    camera = desk.camera()
    desk.ask(UpdateCamera(camera.id, revision=1, name="first"))
    assert refusal(desk, UpdateCamera(camera.id, revision=1, name="second")).kind is Kind.PRECONDITION
    assert desk.ask(GetCamera(camera.id)).name == "first"


def test_a_password_is_cleared_by_null_and_replaced_with_the_url(desk: TestDesk) -> None:
    camera = desk.camera(username="admin", password="one")
    desk.ask(UpdateCamera(camera.id, profiles=(ProfileSpec("main", "rtsp://root:two@192.0.2.8/"),)))
    assert (pulled(desk)[0].username, pulled(desk)[0].password) == ("root", "two")
    cleared: CameraView = desk.ask(UpdateCamera(camera.id, password=None))
    assert (cleared.username, cleared.has_password) == ("root", False)


def test_a_disabled_camera_is_off_the_roster_and_says_so(desk: TestDesk) -> None:
    camera = desk.camera()
    desk.says(camera.id, "online", recording=True)
    off: CameraView = desk.ask(UpdateCamera(camera.id, enabled=False))
    assert (off.state, off.recording, pulled(desk)) == ("disabled", False, [])


def test_a_removed_camera_is_gone_but_its_id_still_names_recordings(desk: TestDesk) -> None:
    camera = desk.camera(username="admin", password="w")
    desk.ask(DeleteCamera(camera.id))
    for request in (GetCamera(camera.id), DeleteCamera(camera.id), UpdateCamera(camera.id, name="x")):
        assert refusal(desk, request).kind is Kind.NOT_FOUND
    assert (names(desk.ask(ListCameras())), pulled(desk)) == ([], [])
    with desk.database.transaction() as session:
        assert camera_id(session, camera.id) == camera.id
        assert session.execute(text("SELECT sealed_password FROM cameras")).scalar_one() is None


def test_a_register_is_restored_beside_its_recordings(desk: TestDesk) -> None:
    camera = desk.camera(id=new_id())
    assert refusal(desk, CreateCamera(name="again", profiles=(ProfileSpec("main", URL),), id=camera.id)).kind is Kind.CONFLICT
    desk.ask(DeleteCamera(camera.id))
    back = desk.camera(name="back", id=camera.id)
    assert (back.id, back.name, back.created_us) == (camera.id, "back", camera.created_us)
    assert back.revision > camera.revision


def test_two_profiles_are_pulled_main_first(desk: TestDesk) -> None:
    profiles = (ProfileSpec("sub", "rtsp://192.0.2.7/2"), ProfileSpec("main", URL))
    camera: CameraView = desk.ask(CreateCamera(name="gate", profiles=profiles))
    desk.camera("another")
    assert [profile.name for profile in camera.profiles] == ["main", "sub"]
    with desk.database.transaction() as session:
        found = roster(session, desk.envelope, "n1", [camera.id])
        assert [(item.camera, item.profile) for item in found] == [(camera.id, "main"), (camera.id, "sub")]


def test_pages_hold_every_camera_once_in_order(desk: TestDesk) -> None:
    for name in ("gate 2", "Äußeres Tor", "gate 1", "北门", "gate 1"):
        desk.camera(name)
    seen: list[CameraView] = []
    cursor = None
    while True:
        page: CameraPage = desk.ask(ListCameras(cursor=cursor, limit=2))
        seen += page.items
        cursor = page.next
        if cursor is None:
            break
        desk.camera("a newcomer before the cursor")
    assert [camera.name for camera in seen] == ["gate 1", "gate 1", "gate 2", "Äußeres Tor", "北门"]


def test_a_cursor_that_was_never_given_out_is_refused(desk: TestDesk) -> None:
    for cursor in ("", "x", "!!", "W10", "WzEsMl0", "WyIiLCJcdTAwMDAiXQ", "WyJcdWQ4MDAiLCIiXQ", "é"):
        assert refusal(desk, ListCameras(cursor=cursor)).kind is Kind.BAD_REQUEST, cursor


def test_search_finds_parts_of_names_and_codes_literally(desk: TestDesk) -> None:
    desk.camera("100% Tor", code=CODE)
    desk.camera("1000 Tor")
    desk.camera("北门")
    assert names(desk.ask(ListCameras(q="0%"))) == ["100% Tor"]
    assert names(desk.ask(ListCameras(q="TOR"))) == ["100% Tor", "1000 Tor"]
    assert names(desk.ask(ListCameras(q="0132"))) == ["100% Tor"]
    assert names(desk.ask(ListCameras(q="北"))) == ["北门"]
    assert names(desk.ask(ListCameras(q="\\"))) == []


def test_a_region_lists_its_whole_subtree(desk: TestDesk) -> None:
    city = desk.region(CreateRegion("City", "city"))
    east = desk.region(CreateRegion("East", "district", city.id))
    elm = desk.region(CreateRegion("Elm Street", "station", east.id))
    desk.camera("in the city", region_id=city.id)
    desk.camera("in the station", region_id=elm.id)
    desk.camera("nowhere")
    assert names(desk.ask(ListCameras(region_id=city.id))) == ["in the city", "in the station"]
    assert names(desk.ask(ListCameras(region_id=east.id))) == ["in the station"]
    assert names(desk.ask(ListCameras(region_id=new_id()))) == []


def test_a_list_by_state_follows_the_live_table(desk: TestDesk) -> None:
    online, offline, connecting, silent, off = (desk.camera(name) for name in ("a", "b", "c", "d", "e"))
    desk.says(online.id, "online")
    desk.says(offline.id, "offline", cause="auth", message="the camera refuses user or password")
    desk.says(connecting.id, "connecting")
    desk.says(off.id, "online")
    desk.ask(UpdateCamera(off.id, enabled=False))
    assert names(desk.ask(ListCameras(state="online"))) == ["a"]
    assert names(desk.ask(ListCameras(state="offline"))) == ["b"]
    assert names(desk.ask(ListCameras(state="connecting"))) == ["c", "d"]
    assert names(desk.ask(ListCameras(state="disabled"))) == ["e"]
    assert desk.ask(ListCameras(state="offline")).items[0].cause == "auth"
    desk.states.forget(online.id)
    assert desk.ask(GetCamera(silent.id)).state == desk.ask(GetCamera(online.id)).state == "connecting"


def test_without_the_right_a_camera_looks_like_none(desk: TestDesk) -> None:
    camera = desk.camera()
    stranger = Actor("a9", "stranger", "person")
    for key in (camera.id, new_id()):
        with pytest.raises(VmsError) as refused:
            desk.ask(GetCamera(key), stranger)
        assert refused.value.kind is Kind.NOT_FOUND


def batch(*cameras: CreateCamera) -> CreateCameras:
    return CreateCameras(cameras)


def one(name: str, **fields: Any) -> CreateCamera:
    return CreateCamera(name=name, profiles=(ProfileSpec("main", URL),), **fields)


def test_a_batch_enters_all_in_order_and_tells_of_each(desk: TestDesk) -> None:
    made: tuple[CameraView, ...] = desk.ask(batch(one("b", code=CODE, password="w"), one("a", record="never")))
    assert [(camera.name, camera.revision, camera.has_password) for camera in made] == [("b", 1, True), ("a", 1, False)]
    assert [camera for camera in made if desk.ask(GetCamera(camera.id)) != camera] == []
    assert desk.changes == [camera.id for camera in made]
    assert [(kind, subject) for kind, subject, _ in inbox(desk)] == [("camera.registered", camera.id) for camera in made]


def test_a_batch_with_one_fault_enters_nothing_and_names_it(desk: TestDesk) -> None:
    holder = desk.camera(code=CODE)
    desk.ask(DeleteCamera(holder.id))
    faults = {
        (Kind.BAD_REQUEST, 1): batch(one("a"), one("b", code="123")),
        (Kind.CONFLICT, None): batch(one("a", code=CODE), one("b", code=CODE)),
        (Kind.NOT_FOUND, None): batch(one("a"), one("b", region_id=holder.id)),
    }
    before = len(inbox(desk))
    for (kind, item), request in faults.items():
        with pytest.raises(VmsError) as refused:
            desk.ask(request)
        assert (refused.value.kind, refused.value.facts.get("item")) == (kind, item)
    same = one("c", id=holder.id)
    with pytest.raises(VmsError) as refused:
        desk.ask(batch(same, same))
    assert refused.value.kind is Kind.CONFLICT
    assert (names(desk.ask(ListCameras())), len(inbox(desk))) == ([], before)
    (back,) = desk.ask(batch(same))
    assert (back.id, back.revision) == (holder.id, 3)
