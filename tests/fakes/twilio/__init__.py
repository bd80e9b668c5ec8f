"""A fake Twilio, as a process of its own: for tests only, because the true one costs money and cannot be told to fail.

It serves the part of the API that the desk uses, and holds every request against the provider's official description;
it plays the citizens, and signs what it brings to the desk as Twilio does; it misbehaves when told to. Its ledger is
on the disk before it answers, so it is the truth about what was sent also after it was killed.

    process      what a test holds in its hand: starts it, tells it, kills it;  client  the true library, pointed at it
    ledger       what was asked, taken, answered, sent and heard: read by tests, counted by checks
    description  the official description, and what in a request it does not allow
    api          the API's paths;  sending  messages of the desk;  paging  lists
    scripts      what it was told to do wrong, with which requests
    citizens     people who write;  calls  people who call
    hooks        requests to the desk: when, how often, in which order;  signing  their signature
    control      the way in for tests, under /_control;  serving  all of it, behind one port
    provider     what a request may need;  resources  what the API can show;  shapes  how it shows it
    file         the SQLite file under all of it;  wire  requests and answers
"""
