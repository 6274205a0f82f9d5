"""Ids sort by time and are valid UUIDs of version 7."""

from uuid import UUID

from vms.base.ids import id_time_us, is_id, new_id


def test_ids_made_one_microsecond_apart_sort_by_time() -> None:
    ids = [new_id(1_700_000_000_000_000 + us) for us in range(2_000)]
    assert ids == sorted(ids)


def test_an_id_is_a_uuid_of_version_7_with_its_time() -> None:
    made = new_id(1_700_000_000_123_456)
    assert UUID(made).version == 7
    assert UUID(made).variant == "specified in RFC 4122"
    assert id_time_us(made) == 1_700_000_000_123_000


def test_ids_of_the_same_microsecond_differ() -> None:
    assert len({new_id(1) for _ in range(1_000)}) == 1_000


def test_a_code_or_a_wrongly_spelled_uuid_is_no_id() -> None:
    assert is_id(new_id())
    assert not is_id("34020000001320000001")
    assert not is_id(new_id().upper())
