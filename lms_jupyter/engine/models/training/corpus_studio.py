"""The words of LM Studio and of notebooks that the chat model can explain."""

from __future__ import annotations

from lms_jupyter.engine.models.training.corpus_terms import Term

STUDIO_TERMS = (
    Term(
        "LM Studio",
        "LM Studio is a program that downloads and runs language models on your own computer.",
        "Other programs can talk to it over a local address, and so can your notebook.",
        ("lmstudio",),
    ),
    Term(
        "lms",
        "lms is the command line of LM Studio. With it you can list, load and unload models.",
        "In a notebook you can write the same commands after a percent sign: %lms.",
        ("the lms command", "%lms"),
    ),
    Term(
        "an instance",
        "An instance is a model in memory. It has its own identifier and its own settings.",
        "Unload an instance when you no longer need it, and its memory is free again.",
        ("instances", "a model instance", "a loaded model"),
    ),
    Term(
        "an identifier",
        "An identifier is the name of an instance. You choose it when you load the model.",
        "If you choose none, it is made from the name of the model.",
        ("identifiers", "the identifier"),
    ),
    Term(
        "a model key",
        "A model key is the name of a model on the disk. You need it to load the model.",
        "The command %lms ls shows the keys of all your models.",
        ("model keys", "the model key"),
    ),
    Term(
        "a variant",
        "A variant is one quantization of a model. The same model can lie on the disk in "
        "several variants.",
        "Choose the variant that fits into your memory.",
        ("variants", "a model variant"),
    ),
    Term(
        "TTL",
        "TTL means time to live. It is the number of seconds that an idle instance "
        "stays in memory.",
        "Each new request starts the time again. Without a TTL the instance stays until "
        "you unload it.",
        ("the TTL", "time to live", "idle TTL"),
    ),
    Term(
        "JIT loading",
        "JIT loading means that the host loads a model when the first request for it arrives.",
        "You need not load the model yourself, but the first answer takes longer.",
        ("JIT", "a JIT load", "just in time loading"),
    ),
    Term(
        "auto-evict",
        "Auto-evict unloads the model that was loaded on demand before, so that the next "
        "one has room.",
        "Models that you loaded yourself are not touched.",
        ("auto evict", "eviction"),
    ),
    Term(
        "a host",
        "A host is a program that runs models and answers requests, for example LM Studio.",
        "It can run on your own computer or on another one in your network.",
        ("hosts", "the host"),
    ),
    Term(
        "GPU offload",
        "GPU offload moves layers of a model to the graphics card, which makes the model faster.",
        "If the graphics card has too little memory, move fewer layers.",
        ("gpu offloading", "offloading"),
    ),
    Term(
        "a GPU",
        "A GPU is a graphics card. It can run models much faster than the main processor.",
        "A small model like me runs well without one.",
        ("the gpu", "a graphics card"),
    ),
    Term(
        "VRAM",
        "VRAM is the memory of the graphics card. A model that fits into it runs fast.",
        "What does not fit stays in the main memory and is slower.",
        ("video memory",),
    ),
    Term(
        "flash attention",
        "Flash attention is a faster way to do the same calculation, and it needs less memory.",
        "It must be on if you want a smaller KV cache.",
    ),
    Term(
        "a load config",
        "A load config says how a model is loaded: its context length, its GPU offload and more.",
        "What you leave out is decided by the host.",
        ("the load config", "load settings", "a load configuration"),
    ),
    Term(
        "the status of an instance",
        "The status says what an instance does: it is idle, it reads a prompt, or it "
        "writes an answer.",
        "The panel shows the status of every instance.",
        ("the status", "instance status"),
    ),
    Term(
        "idle",
        "An instance is idle when it has no work. Its TTL counts down while it is idle.",
        "The next request wakes it at once.",
        ("an idle model", "an idle instance"),
    ),
    Term(
        "the memory estimate",
        "The memory estimate says how much memory a model will need before you load it.",
        "It depends on the size of the file and on the context length.",
        ("a memory estimate", "an estimate"),
    ),
    Term(
        "an API",
        "An API is the set of requests that a program understands from other programs.",
        "LM Studio has an API at a local address, so any program can chat with your models.",
        ("the api", "a rest api"),
    ),
    Term(
        "an SDK",
        "An SDK is a library that makes it easy to use a program from your own code.",
        "The SDK of LM Studio for Python is called lmstudio.",
        ("the sdk",),
    ),
    Term(
        "the panel",
        "The panel shows your models in the notebook. You can load, watch and unload them there.",
        "It changes by itself when something happens on the host.",
        ("a panel", "the model panel"),
    ),
    Term(
        "the sidebar",
        "The sidebar is the place in JupyterLab where you find the panel beside all notebooks.",
        "It shows the same models as the panel in a cell.",
    ),
    Term(
        "the engine",
        "The engine is a small program in this package. It runs GGUF files when LM Studio "
        "is not there.",
        "I run in it when you use the tutorials.",
        ("the embedded engine", "an engine"),
    ),
    Term(
        "a lease",
        "A lease is the claim of a notebook on an instance that it loaded.",
        "When the notebook ends, the lease ends too.",
        ("leases",),
    ),
    Term(
        "a notebook",
        "A notebook is a document with text, code and results. You run it cell by cell.",
        "It is good for learning, because you can try each step and see what happens.",
        ("notebooks", "a jupyter notebook"),
    ),
    Term(
        "a cell",
        "A cell is one part of a notebook. It holds code or text.",
        "Press shift and enter to run a cell.",
        ("cells", "a notebook cell"),
    ),
    Term(
        "a kernel",
        "A kernel is the program that runs the code of a notebook and keeps its variables.",
        "If you restart the kernel, all variables are gone.",
        ("kernels", "the kernel", "a jupyter kernel"),
    ),
    Term(
        "a magic",
        "A magic is a short command in a notebook that begins with a percent sign.",
        "For example, %lms ps shows the models in memory.",
        ("magics", "a magic command", "magic commands"),
    ),
    Term(
        "a widget",
        "A widget is something that you can click or move in the output of a cell.",
        "Buttons and sliders are widgets.",
        ("widgets",),
    ),
    Term(
        "Jupyter",
        "Jupyter is a free project for notebooks. It runs in your browser.",
        "JupyterLab is its largest program.",
        ("jupyter project",),
    ),
    Term(
        "JupyterLab",
        "JupyterLab is a program for notebooks in the browser, with files, cells and a sidebar.",
        "You can add extensions to it.",
        ("jupyter lab",),
    ),
    Term(
        "Python",
        "Python is a programming language that is easy to read. Many notebooks use it.",
        "The kernel runs your Python code.",
        ("the python language",),
    ),
    Term(
        "an extension",
        "An extension adds something new to JupyterLab, for example a sidebar.",
        "After you install one, reload the page.",
        ("extensions",),
    ),
)
