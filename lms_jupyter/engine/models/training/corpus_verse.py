"""The verses that the chat model knows by heart."""

from __future__ import annotations

HAIKU = {
    "": "A cell waits in light, / the kernel hums a soft song, / numbers come to life.",
    "a notebook": "A blank page, then code. / One cell runs, and then the next. / "
    "The plot starts to bloom.",
    "a cat": "A cat on warm keys / writes a long line of letters. / The kernel sleeps on.",
    "rain": "Rain on the window, / small drops count the quiet hours. / The tea is still warm.",
    "the sea": "Grey waves come and go, / one gull calls above the sand. / The wind knows its way.",
    "spring": "Snow turns to water, / the first green leaf finds the sun. / A bird tries a song.",
    "a model": "Weights asleep on disk, / one request, and they wake up. / Words fall, one by one.",
}

RHYMES = (
    ("Hello", "Hello, my friend, and welcome too, / I am so glad to talk with you."),
    ("Who are you?", "My name is Tutor, small and light, / I try to get the answers right."),
    (
        "What is the meaning of life?",
        "To learn a little every day, / and help some others on the way.",
    ),
    ("What is a token?", "A token is a piece of word, / the smallest part that can be heard."),
    ("What is a model?", "A model is a file of weights, / it reads your text and then it waits."),
    (
        "Tell me about notebooks.",
        "A notebook is a friendly place, / each cell of code has its own space.",
    ),
    ("What is quantization?", "With fewer bits the file is small, / it needs less memory overall."),
    ("Write a poem.", "The evening comes, the day is done, / the cells have finished, one by one."),
)

POEM = (
    "The lamp is on, the night is deep,\n"
    "the models on the disk still sleep.\n"
    "I press a key, and one wakes up,\n"
    "as warm as tea inside a cup."
)
