"""A whole provider of made-up phones and public posts, in its own SQLite file that every process sees.

It carries two channels, plays the citizens' side and the network between, misbehaves when told to, and
keeps a ledger that never forgets: what was handed to the desk, how often, and what the desk sent.

    file      the SQLite file: tables, transactions, the provider's own clock
    records   the words it speaks: plain frozen shapes
    citizens  phones, handles, and what they write
    hooks     what must still be handed to the desk, and every try
    carriage  what the desk sends, and what the carrier is told to do with it
    ledger    what tests and people read afterwards
    store     all of these on one file
    carrier   the network: hands over what is due
    payload   the webhook's JSON, written and read;  signing: its signature
    adapters  the two channels as the desk sees them
    texts     made-up reports
"""

from channels.simulator.adapters import SimulatorPosts, SimulatorSms
from channels.simulator.carrier import Carrier
from channels.simulator.citizens import new_id
from channels.simulator.records import POSTS, SMS, Behaviour, Handover, Line, Person, Post, Written
from channels.simulator.store import Store

__all__ = [
    "POSTS", "SMS", "Behaviour", "Carrier", "Handover", "Line", "Person", "Post",
    "SimulatorPosts", "SimulatorSms", "Store", "Written", "new_id",
]
