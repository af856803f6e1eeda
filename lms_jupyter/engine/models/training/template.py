"""How a chat is written down: in Jinja for llama.cpp, and in Python for the training."""

from __future__ import annotations

from lms_jupyter.engine.models.training.corpus import Chat

MESSAGE_START = "<|im_start|>"
MESSAGE_END = "<|im_end|>"
PADDING = "<|pad|>"
TOOL_CALL = "<tool_call>"
TOOL_CALL_END = "</tool_call>"

CHAT_TEMPLATE = """\
{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- if messages[0].role == 'system' %}
        {{- messages[0].content + '\\n\\n' }}
    {%- endif %}
    {{- 'You can call these tools:' }}
    {%- for tool in tools %}
        {{- '\\n- ' + tool.function.name + '(' }}
        {%- if tool.function.parameters and tool.function.parameters.properties %}
            {%- for name, parameter in tool.function.parameters.properties.items() %}
                {{- name + ': ' + (parameter.type if parameter.type is string else 'string') }}
                {%- if not loop.last %}{{- ', ' }}{%- endif %}
            {%- endfor %}
        {%- endif %}
        {{- '): ' + (tool.function.description or 'A tool.') }}
    {%- endfor %}
    {{- '<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
    {%- if not (tools and loop.first and message.role == 'system') %}
        {{- '<|im_start|>' + message.role + '\\n' }}
        {%- if message.content %}
            {{- message.content }}
        {%- endif %}
        {%- if message.tool_calls %}
            {%- for call in message.tool_calls %}
                {%- if message.content or not loop.first %}{{- '\\n' }}{%- endif %}
                {{- '<tool_call>\\n{"name": "' + call.function.name + '", "arguments": ' }}
                {%- if call.function.arguments is string %}
                    {{- call.function.arguments }}
                {%- else %}
                    {{- call.function.arguments | tojson }}
                {%- endif %}
                {{- '}\\n</tool_call>' }}
            {%- endfor %}
        {%- endif %}
        {{- '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""


def pieces(chat: Chat) -> list[tuple[str, bool]]:
    """The chat as texts, each with whether the model has to learn to write it."""
    written: list[tuple[str, bool]] = []
    for message in chat:
        learned = message.role == "assistant"
        written.append((f"{MESSAGE_START}{message.role}\n", False))
        written.append((f"{message.content}{MESSAGE_END}", learned))
        written.append(("\n", False))
    return written


def prompt(chat: Chat) -> str:
    """The chat as one text that ends where the model has to go on."""
    return "".join(text for text, _ in pieces(chat)) + f"{MESSAGE_START}assistant\n"
