"""The command `airground`: one composition root a process; builds adapters and ties them together."""
