"""The log: one JSON object a line, and never a word of a prompt or an answer."""

import contextvars
import datetime
import json
import logging
import sys
from typing import Any

REQUEST: contextvars.ContextVar[str] = contextvars.ContextVar("request", default="")
"""The id of the request that is being served."""

OWN = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "color_message",
                                                       "taskName"}  # fmt: skip


class Json(logging.Formatter):
    """time (UTC), level, logger, message, request_id, what was given as `extra`, exception."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        when = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
        line: dict[str, Any] = {
            "time": when.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if REQUEST.get():
            line["request_id"] = REQUEST.get()
        line |= {name: value for name, value in vars(record).items() if name not in OWN}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class Text(logging.Formatter):
    """The same for a person's eyes."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line, and a traceback below it."""
        extra = {name: value for name, value in vars(record).items() if name not in OWN}
        words = [record.levelname.lower(), record.getMessage()]
        words += [f"{name}={value}" for name, value in extra.items()]
        text = " ".join(words)
        return f"{text}\n{self.formatException(record.exc_info)}" if record.exc_info else text


FORMS = {"json": Json, "text": Text}


def config(form: str) -> dict:
    """What logging.config.dictConfig and uvicorn take; everything goes to standard error."""
    handler = {"class": "logging.StreamHandler", "formatter": "one", "stream": sys.stderr}
    quiet = {"handlers": [], "propagate": False}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"one": {"()": FORMS[form]}},
        "handlers": {"one": handler},
        "root": {"handlers": ["one"], "level": "INFO"},
        # Its access log knows neither request ids nor tokens; the engine writes its own.
        "loggers": {"uvicorn.access": quiet, "uvicorn": {"level": "INFO"}},
    }
