"""The built book in a real browser: quick to show and steady while it comes.

Lighthouse is not at hand everywhere; these are its causes, counted instead of timed, so that a
busy machine says the same.  Skipped as the tests of the other pages are.
"""
