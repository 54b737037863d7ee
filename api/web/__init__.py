"""Pages for people: sign in, find a task, do it, start a case. Drawn by the server.

No page needs a script, and nothing is loaded from anywhere else, so they work
on old phones and inside closed networks.
"""
