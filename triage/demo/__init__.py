"""The practice desk and what happens on it: made-up people, made-up reports, streams to rehearse with."""
