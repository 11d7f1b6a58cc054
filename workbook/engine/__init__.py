"""The SLM Engine: ONNX Runtime GenAI in process (generation), and behind HTTP (app)."""

from workbook.engine.generation import Completion, LocalModel, PromptTooLong, Token
from workbook.engine.toolcalls import ToolCall

__all__ = ["Completion", "LocalModel", "PromptTooLong", "Token", "ToolCall"]
