"""The web: blueprints that read through queries and write through actions in one transaction.

Every staff view names the right it asks for (`access.admits`); what needs no sign-in stands below, and
what is on neither list is refused.
"""

from __future__ import annotations

PUBLIC_ENDPOINTS = frozenset({
    "auth.root", "auth.login", "auth.sign_in", "auth.invitation", "auth.join",
    "intake.start", "intake.step", "intake.leave", "back.door", "back.come_back",
    "webhooks.receive", "files.leave",
    "webhooks.bring", "webhooks.poll", "webhooks.fetch", "webhooks.report",  # gateways, each by its own secret
    "health.alive", "health.ready", "health.metrics",
    # Practice desks only: there everybody may play a citizen.
    "simulator.index", "simulator.live", "simulator.write", "simulator.add", "simulator.put_away", "simulator.script",
    "simulator.wave",
})
