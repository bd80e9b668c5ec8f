"""Places through the API: what words may mean, reports of one place, figures, and saying where a report is."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.scene import Scene
from triage.actions import gazetteer, tokens
from triage.db import run_in_transaction
from triage.gazetteer import sheet

pytestmark = pytest.mark.only("sqlite")
TABLE = b"code,name,parent,lat,lon\nKSM,Kisumu,,,\nNKR,Nakuru,,,\nKSM-012,Hill School,KSM,-0.09,34.7\n"


def test_a_program_finds_narrows_counts_and_says(app: Flask, scene: Scene) -> None:
    read = sheet.read(TABLE)
    scene.do(lambda: gazetteer.enter(read))
    zawadi = scene.operator("Zawadi", "coordinator", "operator")
    client, secret = app.test_client(), run_in_transaction(lambda: tokens.make(zawadi.id, "program"))
    headers = {"Authorization": f"Bearer {secret}"}

    def get(path: str, status: int = 200) -> dict:
        answer = client.get(f"/api/v1{path}", headers=headers)
        assert answer.status_code == status, answer.text
        return answer.get_json()

    inside, outside = scene.sms("No ink at Hill School"), scene.sms("Nakuru: late", "+254711000777")
    (hill,) = get("/places?q=hill")["items"]
    assert (hill["code"], hill["within"], hill["lat"]) == ("KSM-012", ["Kisumu"], -0.09)
    assert [one["id"] for one in get("/reports?place=ksm")["items"]] == [inside.id]
    assert get("/reports?place=nowhere", 422)["field"] == "place"
    shown = get(f"/reports/{inside.id}")
    assert (shown["place"], shown["place_code"]) == ("Hill School", "KSM-012")
    assert shown["messages"][0]["mentions"] == [
        {"start": 10, "stop": 21, "said": "Hill School", "place_code": "KSM-012"}]
    counted = {one["code"]: (one["reports"], one["still_open"]) for one in get("/stats")["places"]}
    assert counted == {"KSM": (1, 1), "KSM-012": (1, 1), "NKR": (1, 1)}
    scene.claim(outside, zawadi)
    said = client.post(f"/api/v1/reports/{outside.id}/place", json={"place": "KSM 012"}, headers=headers)
    assert (said.status_code, said.get_json()["place_code"]) == (200, "KSM-012")
    assert client.post(f"/api/v1/reports/{outside.id}/place", json={"place": None},
                       headers=headers).get_json()["place_code"] is None
