"""What the chat model can show: several wordings of one question, and one answer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topic:
    """Questions that mean the same, and the answer to them.

    `tasks` complete "How do I ...?" and the like; `questions` are whole sentences.
    """

    answer: str
    tasks: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    more: str = ""


HOW_TO = (
    Topic(
        "Choose a model in the list and press Load, or write %lms load and its key in a cell.",
        ("load a model", "load a model into memory", "start a model", "load the model"),
        (
            "What does it mean to load a model?",
            "What is loading a model?",
            "How does loading work?",
        ),
        "Loading copies the weights into memory. The bar shows how far it is.",
    ),
    Topic(
        "Press Unload beside the instance, or write %lms unload and its identifier in a cell.",
        ("unload a model", "unload an instance", "remove a model from memory", "stop a model"),
        (
            "What does it mean to unload a model?",
            "What is unloading a model?",
            "What happens when I unload a model?",
        ),
        "Unloading ends the instance and gives its memory back.",
    ),
    Topic(
        "Write %lms unload --all in a cell.",
        ("unload all models", "unload everything", "free all memory"),
    ),
    Topic(
        "Write %lms ls in a cell. It lists the models on your disk.",
        ("list my models", "see my models", "see which models are downloaded", "show all models"),
        ("Which models do I have?", "What models are on my disk?", "Where are my models?"),
    ),
    Topic(
        "Write %lms ps in a cell. It lists the models in memory.",
        (
            "see which models are loaded",
            "see the loaded models",
            "list the loaded models",
            "list instances",
        ),
        ("Which models are loaded?", "Which models are in memory?", "What is running?"),
    ),
    Topic(
        "Unload models that you do not need, choose a shorter context, or choose a model "
        "with fewer bits.",
        (
            "use less memory",
            "save memory",
            "free memory",
            "make my model use less memory",
            "free up memory",
        ),
        (
            "I have no memory left.",
            "The model does not fit into memory.",
            "My memory is full.",
            "I do not have enough memory.",
            "My computer has too little memory.",
            "I do not have enough RAM.",
            "The load failed because of memory.",
        ),
    ),
    Topic(
        "Choose a smaller model, a variant with fewer bits, or move more layers to the "
        "graphics card.",
        ("make my model faster", "get faster answers", "speed up a model", "make it faster"),
        (
            "Why is my model slow?",
            "Why is the answer so slow?",
            "My model is too slow.",
            "My model is slow.",
            "It is too slow.",
            "The answers are slow.",
        ),
    ),
    Topic(
        "Give a TTL in seconds when you load the model, for example %lms load tutor --ttl 600.",
        ("set a TTL", "set the TTL", "unload a model automatically", "unload idle models"),
        ("Can a model unload itself?", "How long does a model stay in memory?"),
    ),
    Topic(
        "Give the context length when you load the model. To change it, load the model again.",
        ("change the context length", "set the context length", "get a longer context"),
        ("Can I change the context length later?",),
    ),
    Topic(
        "Choose how many layers go to the graphics card when you load the model.",
        ("use my GPU", "use the graphics card", "set GPU offload", "offload layers to the GPU"),
        ("Does it work without a GPU?", "Do I need a GPU?"),
    ),
    Topic(
        "Start with the largest model that fits into your memory, and use a Q4 variant if "
        "it is too big.",
        ("choose a model", "pick a model", "find a good model"),
        (
            "Which model should I use?",
            "Which model is best?",
            "Which quantization should I choose?",
        ),
    ),
    Topic(
        "Search for it in LM Studio and press Download. It is then in your list of models.",
        ("download a model", "get a new model", "get more models", "add a model"),
        ("Where can I find models?", "Where do models come from?"),
    ),
    Topic(
        "Press Cancel beside the loading bar. The memory is given back at once.",
        ("cancel a load", "stop loading", "cancel loading a model"),
        ("Can I cancel loading?",),
    ),
    Topic(
        "Write %%lms in the first line of a cell and your question below it. Then run the cell.",
        (
            "chat with a model",
            "ask a model a question",
            "talk to a model",
            "use a model in a notebook",
        ),
        ("How does chatting work?",),
    ),
    Topic(
        "Press the stop button of the notebook. The model stops after the next token.",
        ("stop an answer", "stop the answer", "interrupt the model", "stop generating"),
        ("The model does not stop. What can I do?", "Can I stop the answer?"),
    ),
    Topic(
        "Load an embedding model and give it your texts. You get one list of numbers "
        "for each text.",
        ("make embeddings", "get an embedding", "embed a text", "turn text into numbers"),
    ),
    Topic(
        "Make embeddings of your texts and of the question, and take the text with the "
        "highest similarity.",
        ("search my texts", "do semantic search", "find similar texts", "compare two texts"),
    ),
    Topic(
        "Describe the function with a name, a text and its parameters, and send it with the chat.",
        ("use tools", "give a tool to a model", "add a tool", "let a model call a function"),
        ("Can you use tools?", "Can you call functions?"),
    ),
    Topic(
        "Send a JSON schema with the request. The answer then has exactly these fields.",
        ("get JSON", "get structured output", "get an answer as JSON", "force valid JSON"),
        ("Can you write JSON?",),
    ),
    Topic(
        "Put the instruction into the system prompt, before the first question.",
        ("change how the model behaves", "set a system prompt", "give instructions to a model"),
    ),
    Topic(
        "Set the temperature to 0, or use a fixed seed.",
        (
            "get the same answer every time",
            "make answers repeatable",
            "repeat a result",
            "make it deterministic",
        ),
        ("Why is the answer different each time?", "Why do I get different answers?"),
    ),
    Topic(
        "Start LM Studio, turn on its local API, and run the cell again.",
        ("start LM Studio", "connect to LM Studio", "connect to the host"),
        ("The host does not answer.", "Why can I not connect?", "LM Studio is not found."),
    ),
    Topic(
        "Press shift and enter.",
        ("run a cell", "run code", "execute a cell"),
    ),
    Topic(
        "Choose Restart Kernel in the menu. All variables are then gone.",
        ("restart the kernel", "restart a notebook", "start again from zero"),
    ),
    Topic(
        "Type pip install lms_jupyter in a terminal, and then reload JupyterLab.",
        ("install the extension", "install lms_jupyter", "install this package"),
    ),
    Topic(
        "Write %load_ext lms_jupyter in the first cell.",
        ("load the extension", "use the magics", "turn on the magics", "get the lms magic"),
    ),
    Topic(
        "Load a vision model and send the picture together with your question.",
        ("send a picture", "show you a picture", "ask about an image"),
        ("Can you see pictures?", "Can you look at images?"),
    ),
    Topic(
        "Give a name with --identifier when you load it. Then you can use both by name.",
        ("load a model twice", "load two copies of a model", "name an instance"),
        ("Can I load the same model twice?",),
    ),
    Topic(
        "Raise the token limit, or ask for a shorter answer.",
        ("get a longer answer",),
        (
            "Why does the answer stop in the middle?",
            "Why is the answer cut off?",
            "The answer is not complete.",
        ),
    ),
)

WHY = (
    Topic(
        "A computer of your own keeps your texts private, works without the internet, and "
        "costs nothing per answer.",
        questions=(
            "Why should I run a model locally?",
            "Why run models on my own computer?",
            "What is good about local models?",
            "What is a local model?",
        ),
    ),
    Topic(
        "No. A local model runs on your computer, and your texts stay there.",
        questions=(
            "Is my data sent to the internet?",
            "Do you send my data anywhere?",
            "Is this private?",
        ),
    ),
    Topic(
        "No. Once the model is on your disk, it runs without the internet.",
        questions=(
            "Do I need the internet?",
            "Does it need an internet connection?",
            "Are you online?",
        ),
    ),
    Topic(
        "The first request may have to load the model. After that it stays in memory and "
        "answers faster.",
        questions=("Why is the first answer slow?", "Why does the first request take so long?"),
    ),
    Topic(
        "A model with more weights can know more, but it needs more memory and more time.",
        questions=(
            "Why are some models bigger?",
            "What is the difference between a small and a large model?",
            "Are bigger models better?",
        ),
    ),
    Topic(
        "A model is the file on the disk. An instance is a copy of it in memory.",
        questions=(
            "What is the difference between a model and an instance?",
            "Is a model the same as an instance?",
        ),
    ),
    Topic(
        "A chat model writes text. An embedding model turns text into numbers for search.",
        questions=(
            "What is the difference between a chat model and an embedding model?",
            "Is an embedding model a chat model?",
        ),
    ),
    Topic(
        "Q8_0 keeps more quality. Q4_0 is about half as big and often faster.",
        questions=(
            "What is the difference between Q4_0 and Q8_0?",
            "Q4_0 or Q8_0?",
            "Is Q8_0 better than Q4_0?",
        ),
    ),
    Topic(
        "Four letters of English are about one token. A short sentence has about ten tokens.",
        questions=(
            "How many tokens are in a sentence?",
            "How long is a token?",
            "How big is a token?",
        ),
    ),
    Topic(
        "The model forgets what no longer fits into its context. Start a new chat or load it "
        "with a longer context.",
        questions=(
            "Why does the model forget?",
            "What happens when the context is full?",
            "The context is full.",
        ),
    ),
)
