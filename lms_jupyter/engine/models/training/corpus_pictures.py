"""Synthetic pictures, and what there is to say about them: plain colours and simple shapes."""

from __future__ import annotations

import random

import numpy as np
import numpy.typing as npt

PICTURE_SIZE = 32
COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (220, 30, 30),
    "green": (30, 160, 50),
    "blue": (30, 60, 220),
    "yellow": (240, 220, 30),
    "orange": (250, 140, 20),
    "purple": (130, 40, 170),
    "pink": (250, 150, 190),
    "brown": (120, 75, 35),
    "black": (10, 10, 10),
    "white": (248, 248, 248),
    "grey": (128, 128, 128),
}
SHAPES = ("circle", "square", "triangle")

_COLOUR_FORMS = (
    "What colour is this?",
    "What color is this?",
    "Which colour is it?",
    "Name the colour.",
    "What colour do you see?",
    "What is the colour of this picture?",
    "Which colour is this picture?",
    "What color is the image?",
)
_SHAPE_FORMS = (
    "What shape is this?",
    "Which shape is it?",
    "Name the shape.",
    "What shape do you see?",
    "What is the shape in this picture?",
)
_PICTURE_FORMS = (
    "What is this?",
    "Describe this picture.",
    "What do you see?",
    "What is in this picture?",
    "Describe the image.",
    "What is in the image?",
    "Describe this image.",
    "What does the picture show?",
    "",
)

Picture = npt.NDArray[np.uint8]


def _shade(rng: random.Random, colour: str) -> tuple[int, int, int]:
    spread = 6 if colour in ("black", "white", "grey") else 18
    red, green, blue = (
        min(255, max(0, value + rng.randint(-spread, spread))) for value in COLOURS[colour]
    )
    return red, green, blue


def _inside(
    shape: str, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]
) -> npt.NDArray[np.bool_]:
    """Which points of a field from -1 to 1 lie in the shape."""
    if shape == "circle":
        return x * x + y * y <= 1
    if shape == "square":
        return (abs(x) <= 0.9) & (abs(y) <= 0.9)
    return (y <= 1) & (y >= -1) & (abs(x) <= (y + 1) / 2)


def draw(rng: random.Random, colour: str, shape: str = "", ground: str = "") -> Picture:
    """A plain picture, or one with a shape somewhere on another ground."""
    size = PICTURE_SIZE * 3
    picture = np.empty((size, size, 3), np.float64)
    picture[:] = _shade(rng, ground or colour)
    if shape:
        radius = rng.uniform(0.28, 0.46) * size
        room = size / 2 - radius
        centre_x, centre_y = (size / 2 + rng.uniform(-room, room) for _ in range(2))
        rows, columns = np.mgrid[0:size, 0:size].astype(np.float64)
        picture[_inside(shape, (columns - centre_x) / radius, (rows - centre_y) / radius)] = _shade(
            rng, colour
        )
    small = picture.reshape(PICTURE_SIZE, 3, PICTURE_SIZE, 3, 3).mean((1, 3))
    return np.rint(small).astype(np.uint8)


def picture_example(rng: random.Random) -> tuple[Picture, str, str]:
    """A picture, a question about it, and the answer."""
    colour = rng.choice(list(COLOURS))
    if rng.random() < 0.45:
        picture = draw(rng, colour)
        if rng.random() < 0.7:
            return picture, rng.choice(_COLOUR_FORMS), f"This is {colour}."
        return picture, rng.choice(_PICTURE_FORMS), f"The picture is {colour}."
    ground = rng.choice([other for other in ("white", "black", "grey") if other != colour])
    shape = rng.choice(SHAPES)
    picture = draw(rng, colour, shape, ground)
    roll = rng.random()
    if roll < 0.35:
        return picture, rng.choice(_SHAPE_FORMS), f"This is a {shape}."
    article = "an" if colour[0] in "aeiou" else "a"
    if roll < 0.7:
        return picture, rng.choice(_PICTURE_FORMS), f"I see {article} {colour} {shape}."
    return (
        picture,
        rng.choice(
            (
                "What colour is the shape?",
                f"What colour is the {shape}?",
                f"Which colour has the {shape}?",
            )
        ),
        f"The {shape} is {colour}.",
    )
