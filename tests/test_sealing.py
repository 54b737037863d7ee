"""Personal values are sealed at their place, opened, and sealed again elsewhere."""

from __future__ import annotations

from engine.history import canonical
from engine.sealing import Personal, Sealer, commitment, find_sealed, holds_personal, unseal


def sealer():
    numbers = iter(range(100))
    return Sealer(lambda: f"id-{next(numbers)}", lambda size: bytes([next(numbers)]) * size)


def test_only_the_named_keys_are_sealed():
    one = sealer()

    sealed = one.fields({"name": "赵样甲", "item": "ZL-02-001", "gone": None}, {"name", "gone"})

    assert (sealed["item"], sealed["gone"]) == ("ZL-02-001", None)
    ((kept_id, salt, text),) = one.kept
    assert sealed["name"] == {"$sealed": kept_id, "commitment": commitment(salt, text)}
    assert text == canonical("赵样甲")


def test_a_value_inside_others_is_opened_and_sealed_again_at_its_place():
    first = sealer()
    sent = {"reporter": {"number": "R-1", "name": first.value("赵样甲")}, "list": [first.value(1)]}
    values = {one: text for one, _, text in first.kept}

    opened = unseal(sent, values, Personal)
    assert opened == {
        "reporter": {"number": "R-1", "name": Personal("赵样甲")},
        "list": [Personal(1)],
    }
    assert holds_personal(opened)
    again = sealer()
    received = again.marked(opened)

    assert received["reporter"]["number"] == "R-1"
    assert [one for one, _ in find_sealed(received)] == [one for one, _, _ in again.kept]
    assert [text for _, _, text in again.kept] == [canonical("赵样甲"), b"1"]


def test_an_erased_value_stays_a_commitment():
    one = sealer()
    sealed = one.value("赵样甲")

    assert unseal({"name": sealed}, {}) == {"name": sealed}
    assert unseal({"name": sealed}, {}, Personal) == {"name": sealed}


def test_a_personal_field_that_holds_personal_values_is_sealed_whole():
    one = sealer()

    one.fields({"person": {"name": Personal("赵样甲")}}, {"person"})

    assert [text for _, _, text in one.kept] == [canonical({"name": "赵样甲"})]
