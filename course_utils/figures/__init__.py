"""Figures: functions that draw arrays, and a description for readers who cannot see the picture.

No function here knows a model.
"""

from course_utils.figures.animation import animate
from course_utils.figures.diagrams import diagram, tree
from course_utils.figures.drawing_pad import drawing
from course_utils.figures.grids import image_grid, image_rows, manifolds, show_rows
from course_utils.figures.latent_pad import pad
from course_utils.figures.scatter import PRIOR_RADIUS, codes
from course_utils.figures.sketch import Sketch
from course_utils.figures.style import PALETTE, show
from course_utils.figures.tables import table
from course_utils.figures.widgets import slider, sliders, stage

__all__ = [
    "PALETTE",
    "PRIOR_RADIUS",
    "Sketch",
    "animate",
    "codes",
    "diagram",
    "drawing",
    "image_grid",
    "image_rows",
    "manifolds",
    "pad",
    "show",
    "show_rows",
    "slider",
    "sliders",
    "stage",
    "table",
    "tree",
]
