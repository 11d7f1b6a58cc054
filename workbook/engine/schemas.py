"""What clients send: requests, checked. Unknown fields are ignored, as OpenAI's clients expect."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints, model_validator

from workbook.engine.generation import MAX_TOKENS

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


class ReasoningRequest(BaseModel):
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

    type: Literal["text", "json_schema"]
    json_schema: JsonSchema | None = None

    @model_validator(mode="after")
    def _has_its_schema(self) -> "ResponseFormat":
        if self.type == "json_schema" and self.json_schema is None:
            raise ValueError("json_schema is missing: give it with a schema in it")
        return self


class ChatRequest(BaseModel):
    """OpenAI's chat request, as far as this engine serves it.

    `min_tokens` is an addition that vLLM also has: no end before so many tokens.
    """

    model: NonBlank
    messages: Annotated[list[Message], Field(min_length=1)]
    max_tokens: TokenCount | None = None
    max_completion_tokens: TokenCount | None = None
    min_tokens: Annotated[int, Field(ge=0)] = 0
    temperature: Temperature | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    seed: int | None = None
    n: Annotated[int, Field(ge=1, le=1)] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
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
    def wants_usage(self) -> bool:
        """Whether a stream ends with a usage chunk."""
        return bool(self.stream_options and self.stream_options.include_usage)
