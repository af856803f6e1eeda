"""The words of the field that the chat model can explain, each in two plain sentences.

The first sentence is the answer to "What is ...?", the second to "Tell me more.".
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Term:
    """One word, with its article if it has one, other names for it, and what to say about it."""

    name: str
    answer: str
    more: str
    aliases: tuple[str, ...] = ()


MODEL_TERMS = (
    Term(
        "a language model",
        "A language model is a program that reads text and predicts which token comes next.",
        "It learned to do so from many examples, and it stores what it learned as numbers "
        "called weights.",
        ("an LLM", "a large language model", "llms", "language models"),
    ),
    Term(
        "a model",
        "A model is a file with the weights of a neural network. It must be loaded before "
        "it can answer.",
        "One model can be loaded several times, and each loaded copy is called an instance.",
        ("models",),
    ),
    Term(
        "a token",
        "A token is a small piece of text, often a word or a part of a word.",
        "A model reads and writes tokens, and its speed is given in tokens per second.",
        ("tokens",),
    ),
    Term(
        "a tokenizer",
        "A tokenizer cuts text into tokens and gives each token a number.",
        "Every model has its own tokenizer, so the same text can have a different "
        "number of tokens.",
        ("tokenization",),
    ),
    Term(
        "a prompt",
        "A prompt is the text that you give to a model.",
        "A clear prompt with one question usually gets a better answer.",
        ("prompts",),
    ),
    Term(
        "a system prompt",
        "A system prompt is an instruction at the start of a chat. It tells the model "
        "how to behave.",
        "For example, a system prompt can ask the model to answer in short sentences.",
        ("the system prompt", "system prompts", "a system message"),
    ),
    Term(
        "temperature",
        "Temperature sets how freely a model picks the next token. A low value gives calm, "
        "repeatable text.",
        "With temperature 0 the model always picks the most likely token.",
        ("the temperature", "sampling temperature"),
    ),
    Term(
        "top p",
        "Top p limits the choice to the most likely tokens that together reach the probability p.",
        "A smaller top p makes the text more careful.",
        ("top_p", "nucleus sampling"),
    ),
    Term(
        "sampling",
        "Sampling is the step in which one token is picked from all the tokens that "
        "could come next.",
        "Temperature and top p are two settings of this step.",
    ),
    Term(
        "the context length",
        "The context length is the number of tokens that a model can see at once: the prompt "
        "and the answer.",
        "A longer context needs more memory, so choose only as much as you need.",
        (
            "context",
            "the context",
            "context size",
            "a context window",
            "the context window",
            "n_ctx",
        ),
    ),
    Term(
        "the KV cache",
        "The KV cache is the memory in which a model keeps what it has read, so that it need "
        "not read it again.",
        "It grows with the context length.",
        ("kv cache", "the cache"),
    ),
    Term(
        "quantization",
        "Quantization stores the weights of a model with fewer bits, so the file is smaller "
        "and runs faster.",
        "Fewer bits also mean a little less quality. Q8_0 is close to the original, Q4_0 is "
        "about half as big.",
        ("a quantized model", "quantisation", "quants"),
    ),
    Term(
        "Q4_0",
        "Q4_0 is a quantization with about four bits for each weight. It is small and fast.",
        "It loses a little more quality than Q8_0.",
        ("q4", "4 bit quantization"),
    ),
    Term(
        "Q8_0",
        "Q8_0 is a quantization with about eight bits for each weight. It is close to "
        "the original.",
        "A Q8_0 file is about half as big as an F16 file.",
        ("q8", "8 bit quantization"),
    ),
    Term(
        "F16",
        "F16 stores each weight in sixteen bits. Nothing is lost that matters, but the "
        "file is large.",
        "It is a good start for making smaller files.",
        ("fp16", "half precision"),
    ),
    Term(
        "a weight",
        "A weight is one of the numbers inside a model. Training sets the weights.",
        "I have about one million weights. Large models have billions.",
        ("weights", "parameters", "a parameter", "model weights"),
    ),
    Term(
        "an embedding",
        "An embedding is a list of numbers that describes the meaning of a text.",
        "Texts with a similar meaning have similar embeddings, so embeddings are used for search.",
        ("embeddings", "a text embedding"),
    ),
    Term(
        "an embedding model",
        "An embedding model turns a text into a list of numbers. It cannot chat.",
        "Use it to find the sentence that is closest to a question.",
        ("embedding models",),
    ),
    Term(
        "semantic search",
        "Semantic search finds texts by their meaning and not by their exact words.",
        "It compares the embedding of a question with the embeddings of the texts.",
        ("vector search",),
    ),
    Term(
        "cosine similarity",
        "Cosine similarity compares two embeddings. A value near 1 means that the texts are alike.",
        "A value near 0 means that they have little in common.",
    ),
    Term(
        "GGUF",
        "GGUF is a file format for models. One file holds the weights, the tokenizer and "
        "the settings.",
        "It is the format that llama.cpp reads.",
        ("a GGUF file", "gguf files"),
    ),
    Term(
        "llama.cpp",
        "llama.cpp is a free program that runs language models on ordinary computers.",
        "It reads GGUF files and works with or without a graphics card.",
        ("llama cpp",),
    ),
    Term(
        "inference",
        "Inference means running a model to get an answer. Nothing is learned while it runs.",
        "It has two parts: first the prompt is read, then the answer is written token by token.",
    ),
    Term(
        "training",
        "Training changes the weights of a model until its predictions fit the examples.",
        "I was trained on one processor core in less than half an hour.",
        ("model training",),
    ),
    Term(
        "fine-tuning",
        "Fine-tuning trains a finished model a little more on new examples.",
        "It teaches a style or a topic without starting again.",
        ("finetuning", "fine tuning"),
    ),
    Term(
        "a neural network",
        "A neural network is a long calculation with many weights that were learned from examples.",
        "A language model is a neural network that works on tokens.",
        ("neural networks",),
    ),
    Term(
        "a transformer",
        "A transformer is the kind of neural network that most language models use.",
        "Its layers let each token look at the tokens before it. This is called attention.",
        ("transformers", "the transformer"),
    ),
    Term(
        "attention",
        "Attention is the step in which a model looks back at the tokens before and takes "
        "what matters.",
        "Its results are kept in the KV cache.",
        ("the attention mechanism", "self attention"),
    ),
    Term(
        "a hallucination",
        "A hallucination is an answer that sounds right but is made up.",
        "Always check important answers, also those of much larger models.",
        ("hallucinations",),
    ),
    Term(
        "a seed",
        "A seed is a number that starts the random choices. The same seed gives the "
        "same text again.",
        "Set a seed when you want to repeat a result.",
        ("the random seed",),
    ),
    Term(
        "a stop string",
        "A stop string is a text that ends the answer as soon as the model writes it.",
        "The stop string itself is usually not shown.",
        ("stop strings", "a stop sequence"),
    ),
    Term(
        "a stop reason",
        "A stop reason says why an answer ended: the model was done, the limit was reached, or "
        "you stopped it.",
        "If the limit was reached, the answer may be cut off in the middle.",
        ("the stop reason",),
    ),
    Term(
        "the token limit",
        "The token limit is the largest number of tokens that an answer may have.",
        "If an answer is cut off, raise this limit.",
        ("max tokens", "max_tokens", "the maximum number of tokens"),
    ),
    Term(
        "streaming",
        "Streaming shows the answer piece by piece while the model still writes.",
        "You see the first words early and can stop when you have read enough.",
        ("a stream",),
    ),
    Term(
        "the time to first token",
        "The time to first token is how long you wait until the answer begins.",
        "It grows with the length of the prompt.",
        ("ttft",),
    ),
    Term(
        "tokens per second",
        "Tokens per second is the speed at which a model writes.",
        "A smaller model or fewer bits make it faster.",
        ("the generation speed",),
    ),
    Term(
        "a vision model",
        "A vision model can also look at pictures and answer questions about them.",
        "It has a second file, called the projector, that turns a picture into something "
        "like tokens.",
        ("vision models", "an image model"),
    ),
    Term(
        "a projector",
        "A projector is the part of a vision model that turns a picture into something "
        "like tokens.",
        "Its file name usually begins with mmproj.",
        ("mmproj",),
    ),
    Term(
        "a chat template",
        "A chat template says how messages are written down for a model, with marks for "
        "each speaker.",
        "It is stored in the model file, so you rarely need to think about it.",
        ("chat templates",),
    ),
    Term(
        "structured output",
        "Structured output is an answer that must fit a form, for example JSON with fixed fields.",
        "The engine allows only tokens that fit, so even a tiny model gives valid JSON.",
        ("a JSON schema", "json schema"),
    ),
    Term(
        "JSON",
        "JSON is a way to write data as text, with names and values that programs can read.",
        'An example is {"name": "Ada", "age": 36}.',
        ("json format",),
    ),
    Term(
        "a tool call",
        "A tool call is a request by a model to run a function. Your program runs it and sends "
        "back the result.",
        "The model chooses the name and the arguments, but it never runs anything by itself.",
        ("tool calls", "tool use", "tool calling", "function calling"),
    ),
    Term(
        "an agent",
        "An agent is a model that may call tools several times until a task is done.",
        "Your program decides which tools it may use.",
        ("agents", "an ai agent"),
    ),
    Term(
        "RAG",
        "RAG means that a program first searches for fitting texts and then gives them to the "
        "model with the question.",
        "The search usually works with embeddings.",
        ("retrieval augmented generation",),
    ),
)
