"""The shipped rules are shown in plain words, with their citations, to whoever works with attendance."""

import json
import re

import pytest

from app.truancy.law import words
from app.truancy.law.packs import FOLDER, NAMES, pack, places, shipped
from app.truancy.law.reading import SCHEMA
from app.truancy.law.rule import Duty

GRAMMAR = json.loads(SCHEMA.read_text(encoding="utf-8"))["$defs"]


def sentences(rule):
    duties = [*rule.duties, *rule.scope.instead]
    told = [words.for_whom(rule), words.counted(rule), words.within(rule), words.fires(rule)]
    told += [words.when_later_excused(rule), *(words.owed(duty) for duty in duties)]
    told += [line for duty in duties for line in words.must_say(duty)]
    return [*told, *(words.condition(one) for one in rule.when)]


@pytest.mark.parametrize("rule", shipped(), ids=lambda rule: rule.id)
def test_each_rule_is_told_in_words_and_cited(rule):
    assert rule.title
    assert len(rule.text) > 40
    assert rule.authority
    assert rule.source
    assert rule.retrieved
    for sentence in sentences(rule):
        without_ids = re.sub(r"\b[a-z]{2}-[a-z0-9_.]+", "", sentence)
        assert "_" not in without_ids, sentence
        assert "None" not in sentence


def test_the_grammar_and_the_words_know_the_same():
    assert set(GRAMMAR["do"]["enum"]) == set(words.DUTIES)
    assert set(GRAMMAR["content"]["enum"]) == set(words.CONTENTS)
    assert set(GRAMMAR["flag"]["enum"]) == set(words.FLAGS)


def test_a_rule_reads_as_a_clerk_would_say_it():
    truant, refer = pack("us-ca")[0], next(rule for rule in pack("us-tx") if rule.id == "us-tx.refer")

    assert words.counted(truant) == (
        "Counts each full day missed or each time more than 30 minutes were missed, without excuse; "
        "a day counts for 1 at most."
    )
    assert words.fires(truant) == "Fires at 3 days or more, once in that time."
    assert words.for_whom(refer) == (
        "Students from 12 to 18 years of age. Whoever is pregnant, in foster care, homeless or severely ill "
        "is for a person to look at."
    )
    assert words.owed(refer.duties[0]) == "Refer, within 10 school days of that day. A person decides."
    assert words.owed(Duty("notice", to="each_parent")) == "Send notice to each parent."


def test_every_pack_has_a_name_and_every_name_a_pack():
    assert set(NAMES) == {file.stem for file in FOLDER.glob("*.yaml")}


def test_who_works_with_attendance_reads_them_and_nobody_else_does(client, world):
    for who in (world.clark, world.cora, world.olive, world.adams):
        client.sign_in(who)
        assert "California" in client.get("/maple/attendance/rules", status=200).text
        assert "EC 48260" in client.get("/maple/attendance/rules/us-ca", status=200).text
    for who in (world.tess, world.lena, world.bell):
        client.sign_in(who)
        client.get("/maple/attendance/rules", status=404)
        client.get("/maple/attendance/rules/us-ca", status=404)


def test_each_page_says_that_counsel_has_not_confirmed_it(client, world):
    client.sign_in(world.clark)
    for place in places():
        shown = client.get(f"/maple/attendance/rules/{place}", status=200)
        assert "Not yet confirmed by your counsel" in shown.text
        for rule in pack(place):
            assert rule.id in shown.text
    for nowhere in ("us-zz", "..", "us-ca.yaml"):
        assert client.get(f"/maple/attendance/rules/{nowhere}").status == 404
