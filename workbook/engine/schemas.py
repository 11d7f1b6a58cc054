"""What clients send: requests, checked. Unknown fields are ignored, as OpenAI's clients expect."""

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints, model_validator

from workbook.engine.errors import NESTED, ApiError
from workbook.engine.generation import MAX_TOKENS

COMPLETION_TOKENS = 16
"""Most tokens of a plain completion when nothing else is asked for, as OpenAI has it."""

TASKS = {
    "reasoning": "Think step by step and show your reasoning clearly:",
    "math": "Solve this mathematical problem step by step:",
    "coding": "Write clean, well-commented code for this task:",
}
"""The tutorial's task prompts; each becomes the system message."""

NonBlank = Annotated[str, StringConstraints(pattern=r"\S")]
# The two bounds refuse NaN and infinity too.
Temperature = Annotated[float, Field(ge=0, le=2)]
TokenCount = Annotated[int, Field(ge=1)]
StopText = Annotated[str, StringConstraints(min_length=1, max_length=1000)]


class Sent(BaseModel):
    """A body that a client sends. All of its text can be written as UTF-8."""

    @model_validator(mode="before")
    @classmethod
    def _is_text(cls, value: Any) -> Any:
        try:
            json.dumps(value, ensure_ascii=False, default=repr).encode()
        except UnicodeEncodeError:
            raise ValueError("it holds half a character (a lone surrogate)") from None
        except RecursionError:
            raise ValueError(NESTED) from None
        return value


class ReasoningRequest(Sent):
    """The tutorial's request. `max_length` is the most tokens to generate."""

    prompt: NonBlank
    task_type: Literal["reasoning", "math", "coding"] = "reasoning"
    max_length: TokenCount = 200
    temperature: Temperature = 0.3

    def messages(self) -> list[dict]:
        """The request as chat messages."""
        return [
            {"role": "system", "content": TASKS[self.task_type]},
            {"role": "user", "content": self.prompt},
        ]


class TextPart(BaseModel):
    """A part of a message's content; this engine reads text only."""

    type: Literal["text"]
    text: str


Content = str | list[TextPart]


class CalledFunction(BaseModel):
    """The function of an earlier tool call; `arguments` is JSON as text."""

    name: str
    arguments: str


class EarlierCall(BaseModel):
    """A tool call that the model made earlier in the conversation."""

    function: CalledFunction


class Message(BaseModel):
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant", "tool"]
    content: Content | None = None
    tool_calls: list[EarlierCall] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "Message":
        if self.content is None and not (self.role == "assistant" and self.tool_calls):
            raise ValueError("content is missing: give a text")
        return self

    def as_template(self) -> dict:
        """The message as the chat template reads it: content is one string."""
        content = self.content or ""
        if isinstance(content, list):
            content = "".join(part.text for part in content)
        calls = [call.model_dump() for call in self.tool_calls or []]
        return {"role": self.role, "content": content, "tool_calls": calls}


class Function(BaseModel):
    """A function that the model may call; `parameters` is a JSON schema."""

    name: NonBlank
    description: str = ""
    parameters: dict[str, Any] = {}


class Tool(BaseModel):
    """A tool that the model may call."""

    type: Literal["function"] = "function"
    function: Function


class StreamOptions(BaseModel):
    """What a stream carries besides the text."""

    include_usage: bool = False


class JsonSchema(BaseModel):
    """The schema that an answer must satisfy."""

    body: dict[str, Any] = Field(alias="schema")


class ResponseFormat(BaseModel):
    """The form of an answer: free text, or JSON that satisfies a schema."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None

    @model_validator(mode="after")
    def _has_its_schema(self) -> "ResponseFormat":
        if self.type == "json_schema" and self.json_schema is None:
            raise ValueError("json_schema is missing: give it with a schema in it")
        return self


class Sampling(Sent):
    """What a request for an answer says about how it is made.

    `min_tokens` is an addition that vLLM also has: no end before so many tokens. The last three
    are here to be refused when they ask for something.
    """

    model: NonBlank
    max_tokens: TokenCount | None = None
    min_tokens: Annotated[int, Field(ge=0)] = 0
    temperature: Temperature | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    seed: int | None = None
    n: Annotated[int, Field(ge=1, le=1)] | None = None
    stop: StopText | Annotated[list[StopText], Field(max_length=4)] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    logit_bias: dict[str, Any] | None = None

    @property
    def stops(self) -> list[str]:
        """The texts at which the answer ends."""
        return [self.stop] if isinstance(self.stop, str) else self.stop or []

    @property
    def wants_usage(self) -> bool:
        """Whether a stream ends with a usage chunk."""
        return bool(self.stream_options and self.stream_options.include_usage)


class ChatRequest(Sampling):
    """OpenAI's chat request, as far as this engine serves it."""

    messages: Annotated[list[Message], Field(min_length=1)]
    max_completion_tokens: TokenCount | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    tools: list[Tool] | None = None
    tool_choice: Any = "auto"
    response_format: ResponseFormat | None = None

    @property
    def tokens(self) -> int:
        """Most tokens to generate."""
        return self.max_completion_tokens or self.max_tokens or MAX_TOKENS

    @property
    def offered_tools(self) -> list[dict] | None:
        """The tools as the chat template reads them; none with tool_choice "none"."""
        if not self.tools or self.tool_choice == "none":
            return None
        return [tool.model_dump(exclude_unset=True) for tool in self.tools]

    @property
    def top(self) -> int | None:
        """How many most probable tokens to tell, None when no log-probabilities are wanted."""
        return (self.top_logprobs or 0) if self.logprobs else None


class CompletionRequest(Sampling):
    """OpenAI's plain completion: the text goes to the model as it is, without a chat template.

    In a text, special tokens are what they say; a list holds token ids.
    """

    prompt: (
        Annotated[str, Field(min_length=1)]
        | Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]
        | Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1, max_length=1)]
    )
    logprobs: Annotated[int, Field(ge=0, le=5)] | None = None
    echo: bool | None = None
    suffix: str | None = None
    best_of: int | None = None

    @property
    def tokens(self) -> int:
        """Most tokens to generate."""
        return self.max_tokens or COMPLETION_TOKENS

    @property
    def top(self) -> int | None:
        """How many most probable tokens to tell, None when no log-probabilities are wanted."""
        return self.logprobs


def refuse_unserved(body: Sampling) -> None:
    """Raises ApiError for an option that would have to be ignored."""
    neutral = {"frequency_penalty": 0, "presence_penalty": 0, "logit_bias": {}, "echo": False,
               "suffix": "", "best_of": 1}  # fmt: skip
    for name, nothing in neutral.items():
        value = getattr(body, name, None)
        if value is not None and value != nothing:
            raise ApiError(
                400,
                f"This engine has no option {name}: leave it out.",
                param=name,
                code="unsupported_parameter",
            )
