"""The desk that the tests of the API ask."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.api.programs import Desk
from tests.scene import Scene


@pytest.fixture
def desk(app: Flask, scene: Scene) -> Desk:
    """The desk."""
    return Desk(app, scene)
