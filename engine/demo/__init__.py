"""The demo city: invented units and people, a user for every role, a simulated year."""

from engine.demo.city import load_city
from engine.demo.year import simulate

__all__ = ["load_city", "simulate"]
