"""What every answer to a program is."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Answer(BaseModel):
    """Nothing that is not named leaves."""

    model_config = ConfigDict(extra="forbid", frozen=True, from_attributes=True)
