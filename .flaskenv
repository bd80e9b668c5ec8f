# What plain `flask …` works with. Without settings it still carries the commands, so that `flask triage init` can run.
FLASK_APP=triage.app:for_commands
