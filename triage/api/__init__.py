"""JSON API, version 1: the queries and actions of the pages, for programs."""

from triage.api import deliveries, description, events, places, reports, stats, together
from triage.api.operations import bp

__all__ = ["bp", "deliveries", "description", "events", "places", "reports", "stats", "together"]
