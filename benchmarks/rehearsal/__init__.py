"""The rehearsal: a stream of reports, a real server, twenty operators in four processes, and the books afterwards.

    desk      the throw-away desk: people, accounts, the server's process
    operator  one scripted operator with a browser
    crew      the operators' processes
    books     what must be true afterwards, and the figures
    pictures  the desk and the floor while it runs
    paper     the report that is kept
"""
