"""The WSGI application."""

from triage.app import create_app

app = create_app()
