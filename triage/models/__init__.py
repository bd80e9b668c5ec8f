"""Tables: columns, constraints and trivial properties. One file per noun."""

from triage.models.accounts import Account, Price
from triage.models.assignments import Assignment
from triage.models.attachments import Attachment
from triage.models.contacts import Contact
from triage.models.deliveries import Delivery, DeliveryAttempt
from triage.models.desk import Desk, SenderRule
from triage.models.events import Event
from triage.models.inbound import InboundItem
from triage.models.matching import Incident, Match, Shingle, TextKey
from triage.models.messages import Message
from triage.models.notes import Draft, Note
from triage.models.operators import Invitation, Operator, StaffSession, Team, TeamMember
from triage.models.places import Mention, Place, PlaceName
from triage.models.reports import Consent, Report
from triage.models.tokens import ApiToken

__all__ = [
    "Account", "ApiToken", "Assignment", "Attachment", "Consent", "Contact", "Delivery", "DeliveryAttempt", "Desk",
    "Draft", "Event", "InboundItem", "Incident", "Invitation", "Match", "Mention", "Message", "Note", "Operator",
    "Place", "PlaceName", "Price", "Report", "SenderRule", "Shingle", "StaffSession", "Team", "TeamMember", "TextKey",
]
