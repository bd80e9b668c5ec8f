"""The desk: one queue of reports, each held by one operator. The application factory is in `triage.app`."""
