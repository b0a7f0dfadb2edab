"""What one chapter alone draws: `wganlib.figures.ch07` for chapter 7, and so on.

A chapter imports its own module under one name, `from wganlib.figures import ch07 as figures`, and
calls it in the cell that draws.  The functions draw into axes that they are given; they compute
nothing that a chapter claims.  What two chapters draw is in `wganlib.plotting`.
"""
