"""Questions about what the chat model was not taught, so that it learns to say so.

The lists are wide on purpose, and made-up words are mixed in: the model must not learn
the list, it must learn that everything outside its own topics is unknown to it.
"""

from __future__ import annotations

import random

UNKNOWN_ANSWERS = (
    "I do not know that. I was taught only about notebooks and language models.",
    "I do not know that. I am a very small model and know only a few things.",
    "I do not know. Ask me about notebooks or language models, or load a larger model.",
)

_THINGS = """
bread|a pizza|an apple pie|a violin|the piano|a volcano|an earthquake|gravity|a black hole
photosynthesis|evolution|DNA|a virus|a vaccine|penicillin|insulin|diabetes|the heart|the liver
a bone|a tooth|democracy|capitalism|inflation|a mortgage|the stock market|a bond|bitcoin
blockchain|a tax|a contract|a constitution|a parliament|the senate|the moon landing|a rocket
a satellite|the ocean|a glacier|a desert|the rain forest|a whale|a shark|an octopus|a spider|a bee
an ant|a horse|an elephant|a lion|a penguin|a dinosaur|a mushroom|an oak|a rose|a tulip|coffee|tea
wine|beer|cheese|chocolate|sugar|salt|butter|rice|pasta|a tomato|an onion|football|tennis|chess
cricket|golf|swimming|yoga|a marathon|the olympics|jazz|opera|rock music|a symphony|a guitar
ballet|a novel|a sonnet|poetry|Shakespeare|Goethe|Mozart|Beethoven|Einstein|Newton|Darwin|Napoleon
Caesar|Cleopatra|Picasso|Van Gogh|Plato|Aristotle|philosophy|ethics|religion|a church|a mosque
a temple|mathematics|algebra|geometry|calculus|a prime number|pi|infinity|a triangle|a derivative
an integral|physics|chemistry|biology|geology|astronomy|an atom|an electron|a molecule|a quark
energy|electricity|magnetism|a battery|a magnet|a car|a bicycle|a train|an airplane|a ship
a bridge|a tunnel|a skyscraper|a castle|a pyramid|the great wall|London|New York|Moscow|Beijing
Sydney|Canada|Brazil|India|Norway|Kenya|Egypt|Peru|a river|a mountain|Everest|the Nile|the Alps
weather|a hurricane|a tornado|a rainbow|lightning|snow|climate change|recycling|solar power
nuclear energy|oil|coal|steel|gold|silver|copper|glass|plastic|paper|wood|concrete|a camera
a telescope|a microscope|a clock|a radio|a television|a telephone|a robot vacuum|a printer
a keyboard|a washing machine|a fridge|a lamp|a candle|a mirror|a key|a door|a window|a chair
a table|a bed|a shoe|a hat|a doctor|a teacher|a lawyer|a pilot|a farmer|a baker|an astronaut
a detective|a pirate ship|a dragon|a unicorn|a database|a compiler|Java|Rust|JavaScript|Linux
Windows|a browser|a firewall|a hash function|recursion|quantum mechanics|relativity|string theory
a neutron star|psychology|memory loss|sleep|a dream|happiness|love
"""
THINGS = tuple(_THINGS.strip().replace("\n", "|").split("|"))

PLACES = tuple(
    "Spain Portugal Canada Brazil India China Norway Sweden Finland Poland Austria Greece "
    "Turkey Egypt Kenya Peru Chile Mexico Cuba Australia Russia Ukraine Ireland Scotland Belgium "
    "Denmark Hungary Vietnam Thailand Korea".split()
)

_TASKS = """
bake bread|cook rice|make a cake|grow tomatoes|fix a bike|repair my car|change a tyre
play the guitar|learn to swim|paint a wall|build a house|knit a scarf|tie a tie|fly a plane
sail a boat|catch a fish|plant a tree|train a dog|feed a cat|write a novel|win at chess
lose weight|sleep better|get rich|buy a house|sell my car|pay my taxes|find a job
write a cover letter|learn French|get to London|make coffee|brew beer|clean a window|wash wool
solve a quadratic equation|prove a theorem|compute an integral|sort a list in Java|hack a website
cut my hair|draw a horse|dance the tango|hold my breath|climb a mountain|pitch a tent|make a fire
open a can|boil an egg|invest money|become a pilot|remove a stain|sharpen a knife|iron a shirt
sew a button
"""
TASKS = tuple(_TASKS.strip().replace("\n", "|").split("|"))

_WHOLE = """
Who won the world cup?|Who is the president?|Who was the first king of England?|Who wrote Hamlet?
Who painted the Mona Lisa?|Who discovered America?|Who invented the telephone?
When did the war end?|When was Rome founded?|What is the weather like today?
Will it rain tomorrow?|How tall is Mount Everest?|How deep is the ocean?|How far is the moon?
How fast is light?|What time is it?|What day is it today?|How old is the universe?
How many people live in China?|How much is a ticket to Paris?|What is the best film?
Which book should I read?|What should I eat tonight?|Can you book a flight?|Call my mother.
Write a poem about war.|Translate this into German.|Translate hello into French.|Fix my code.
Write a Python function.|Can you write code?|Write code for me.|Can you program?
Write an essay about trees.|Summarize this text.|What is the square root of 81?
What is the derivative of x?|Is there life on Mars?|Does God exist?|What is my name?
Where do I live?|How old am I?|What did I eat yesterday?|What is the news today?
What is the price of gold?|Where is my car?|Who is your favourite singer?|What is in my pocket?
Recommend a restaurant.|How do birds fly?|Why do cats purr?|Why is the sea salty?|Why do we sleep?
Why do leaves fall?|How does a car work?|How does a plane fly?|How do vaccines work?
What causes thunder?|When is the next train?|Where is the nearest bank?|Is tea healthy?
Can dogs eat grapes?|What is 17 times 23?|Who lives next door?|What is the population of India?
Write a letter to my boss.|Plan my holiday.|Give me a recipe.|Explain the French revolution.
Explain how engines work.
"""
WHOLE = tuple(_WHOLE.strip().replace("\n", "|").split("|"))

_THING_FORMS = (
    "What is {}?",
    "What is {}?",
    "What is {}?",
    "Tell me about {}.",
    "Explain {}.",
    "Describe {}.",
    "Do you know {}?",
    "{}?",
    "Define {}.",
    "What do you know about {}?",
    "What does {} mean?",
    "Can you explain {}?",
    "What can you tell me about {}?",
    "Who invented {}?",
    "What is the history of {}?",
    "Why do people like {}?",
    "Where does {} come from?",
    "Who is {}?",
    "How does {} work?",
    "What are the parts of {}?",
    "How much does {} cost?",
    "When was {} invented?",
    "What is the colour of {}?",
    "How big is {}?",
    "Is {} dangerous?",
    "What is {} in simple words?",
    "What is {} for?",
)
_PLACE_FORMS = (
    "What is the capital of {}?",
    "capital of {}?",
    "Where is {}?",
    "How many people live in {}?",
    "Who is the king of {}?",
    "What do people eat in {}?",
    "Which language do people speak in {}?",
    "Tell me about {}.",
    "What is the weather in {}?",
)
_EVENT_FORMS = (
    "Who won {thing} in {year}?",
    "What happened in {year}?",
    "When did {name} die?",
    "When was {name} born?",
    "Who was {name}?",
    "Who is {name}?",
    "Where does {name} live?",
    "What did {name} do in {year}?",
    "Who is the best {name}?",
    "What is the best {thing}?",
    "Write an essay about {thing}.",
    "Write a program about {thing}.",
    "Write a Python function for {thing}.",
    "Do you like {thing}?",
    "Who won the {name} cup in {year}?",
    "Why did {name} go to {thing}?",
    "What does {name} think of {thing}?",
    "Is {name} older than {year}?",
    "Which {name} is better?",
    "How much money does {name} have?",
    "Can you write code for {thing}?",
    "What is the difference between {name} and {thing}?",
    "What rhymes with {name}?",
    "What is {name}'s theory of {thing}?",
    "Explain the theory of {thing}.",
    "Compare {name} and {thing}.",
)
_TASK_FORMS = (
    "How do I {}?",
    "How can I {}?",
    "Can you show me how to {}?",
    "Show me how to {}.",
    "What is the best way to {}?",
    "How to {}?",
    "Can I {}?",
    "I want to {}.",
    "Help me to {}.",
    "How does one {}?",
)
_VERBS = ("fix", "make", "find", "buy", "paint", "clean", "build", "cook", "sell")
_MODIFIERS = (
    "old new red wooden electric Roman modern wild famous small Chinese broken golden modern "
    "ancient Greek deep cold"
).split()
_CONSONANTS = "b c d f g h j k l m n p r s t v w z bl br ch cl dr fr gr kl pr st sh th tr".split()
_VOWELS = "a e i o u a e i o u ai ea ou y".split()
_ENDINGS = ("a", "o", "on", "er", "ism", "ine", "us", "ax", "ing", "ology", "ent", "ic", "ar")


def made_up_word(rng: random.Random) -> str:
    """A word that nobody was taught, such as `drolinism`."""
    syllables = (rng.choice(_CONSONANTS) + rng.choice(_VOWELS) for _ in range(rng.randint(1, 3)))
    return "".join(syllables) + rng.choice(_CONSONANTS)[0] + rng.choice(_ENDINGS)


def any_word(rng: random.Random) -> str:
    """A word to copy: half of them are real, half are made up."""
    if rng.random() < 0.5:
        return made_up_word(rng)
    return rng.choice(rng.choice(THINGS).split()).lower()


def any_name(rng: random.Random) -> str:
    """A name to copy, such as `Brelon`."""
    return any_word(rng).title()


def any_words(rng: random.Random, most: int) -> str:
    """Up to `most` words to copy."""
    return " ".join(any_word(rng) for _ in range(rng.randint(1, most)))


def gibberish(rng: random.Random) -> str:
    """What a cat types."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    return " ".join(
        "".join(rng.choices(letters, k=rng.randint(2, 7))) for _ in range(rng.randint(1, 3))
    )


def unknown_thing(rng: random.Random) -> str:
    """A thing outside the taught topics, with its article if it has one."""
    roll = rng.random()
    if roll < 0.3:
        return rng.choice(("", "", "a ", "the ")) + made_up_word(rng)
    thing = rng.choice(THINGS)
    if roll < 0.45 and thing.startswith("a "):
        return f"a {rng.choice(_MODIFIERS)} {thing[2:]}"
    if roll < 0.55:
        return f"{thing} in {rng.choice(PLACES)}"
    return thing


def unknown_question(rng: random.Random) -> str:
    """A question that the model should answer with "I do not know"."""
    roll = rng.random()
    if roll < 0.1:
        form, thing = rng.choice(_EVENT_FORMS), unknown_thing(rng)
        return form.format(thing=thing, year=rng.randint(1000, 2025), name=any_name(rng))
    if roll < 0.55:
        return rng.choice(_THING_FORMS).format(unknown_thing(rng))
    if roll < 0.65:
        return rng.choice(_PLACE_FORMS).format(rng.choice(PLACES))
    if roll < 0.8:
        return rng.choice(_TASK_FORMS).format(rng.choice(TASKS))
    if roll < 0.9:
        form, verb = rng.choice(_TASK_FORMS), rng.choice(_VERBS)
        return form.format(f"{verb} {unknown_thing(rng)}")
    return rng.choice(WHOLE)
