"""What every runtime gives, and what a module must bring to add one."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from workbook.errors import CourseError

if TYPE_CHECKING:
    import openai

NO_KEY = "not-needed"
"""What is sent as the API key where none is asked for: OpenAI's client insists on one."""

LOCAL = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Runtime:
    """An engine being served, until `stop()` or the end of a `with` block.

    `base_url` ends in /v1 and is OpenAI-shaped; `root_url` is the same server without it; `model`
    is the name to send; `artifact` names what is served (empty when an attached server does not
    say) and `folder` is where it lies on this machine, `log_path` is the server's output, `pid`
    its process and `container` its container's id: all four are None or empty for a server that
    this course did not start, or not in that way.
    """

    name: str
    root_url: str
    model: str
    engine: str
    version: str
    place: str
    artifact: str = ""
    folder: Path | None = None
    log_path: Path | None = None
    pid: int | None = None
    container: str = ""
    api_key: str = field(default=NO_KEY, repr=False)
    make_native: Callable[[str], Any] | None = field(default=None, repr=False, compare=False)
    _ends: ExitStack = field(default_factory=ExitStack, repr=False, compare=False)

    @property
    def base_url(self) -> str:
        """The address that OpenAI's clients take."""
        return f"{self.root_url}/v1"

    @cached_property
    def client(self) -> "openai.OpenAI":
        """An OpenAI client for this runtime. A refused request is not sent again."""
        import openai

        http = openai.DefaultHttpxClient(trust_env=not is_local(self.root_url))
        return openai.OpenAI(
            base_url=self.base_url, api_key=self.api_key, max_retries=0, http_client=http
        )

    @cached_property
    def native(self) -> Any:
        """The engine's own client, for example an ollama.Client. Raises CourseError without one."""
        if self.make_native is None:
            raise CourseError(
                f"The runtime {self.name} has no client of its own: use its `client`, which is "
                f"OpenAI's."
            )
        return self.make_native(self.root_url)

    def stop(self) -> None:
        """Let the server go: it ends when nobody else holds it. A second call does nothing."""
        if "client" in self.__dict__:
            self.client.close()
        self._ends.close()

    def __enter__(self) -> "Runtime":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def is_local(url: str) -> bool:
    """Whether a URL is on this machine, where a proxy must not be asked."""
    return urlsplit(url).hostname in LOCAL


@dataclass(frozen=True)
class Launch:
    """How to start a server as a child process.

    `command` serves `artifact` (which lies in `folder`) on the port that it was made for;
    `environment` is added to this process's. The server must end when its standard input closes.
    """

    command: list[str]
    artifact: str
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Kind:
    """A kind of runtime; each has a module of its own that holds one as KIND.

    `prepare(model, port, **options)` makes ready what the server needs (it may convert a model
    or set up an environment, with progress) and says how to start it; `describe(root_url)` asks a
    running server for a dictionary with engine, version and artifact (missing keys are allowed).
    `port` is the usual one; `health` the path that answers 200 when it is ready; `timeout` the
    seconds that it may take to load its model. `native(root_url)` makes the engine's own client.
    `missing()` is one sentence that says why the engine cannot be a process on this machine and
    what to do instead, empty when it can. `causes` are (regular expression in the log, what it
    means) pairs; `example` is a curl command line with {url} and {model}.
    """

    name: str
    port: int
    prepare: Callable[..., Launch]
    describe: Callable[[str], Mapping[str, str]]
    health: str = "/health"
    timeout: float = 300.0
    native: Callable[[str], Any] | None = None
    missing: Callable[[], str] = lambda: ""
    causes: tuple[tuple[str, str], ...] = ()
    example: str = ""

    @property
    def variable(self) -> str:
        """The environment variable with the address of a running server."""
        return f"WORKBOOK_{self.name.upper()}_URL"

    @property
    def key_variable(self) -> str:
        """The environment variable with the API key that a running server asks for."""
        return f"WORKBOOK_{self.name.upper()}_KEY"
