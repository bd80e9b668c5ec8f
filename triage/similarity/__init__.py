"""Whether two texts are the same message, and whether two tellings may be of the same incident.

Pure: no database, no Flask, no clock. It reads in this order: frames and folding make words of a text,
`preparing` keeps what is needed of them, `alignment` lays two lists of words side by side, `sameness` and
`differences` judge what differs, `verdicts` decides, `incidents` suggests.
"""
