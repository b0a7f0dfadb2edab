"""The tests, by what they need: `unit` nothing, `runs` the frozen runs, `book` its sources,
`browser` the built site and a Chromium."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
