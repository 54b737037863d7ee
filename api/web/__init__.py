"""Pages for people: sign in, find a task, do it, start a case. Drawn by the server.

No page needs a script to be used: two of them help, one draws a case's diagram and
one fills in where the phone is. Nothing is loaded from anywhere else, so they work
on old phones and inside closed networks.
"""
