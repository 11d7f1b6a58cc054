"""What two tool parsers make of the same model output. Run with the Python of .venv-vllm:

python -P vllm_parsers.py PATH-OF-vllm_tools.py
"""

import importlib.util
import sys

from vllm.tool_parsers.phi4mini_tool_parser import Phi4MiniJsonToolParser

spec = importlib.util.spec_from_file_location("vllm_tools", sys.argv[1])
ours = importlib.util.module_from_spec(spec)
spec.loader.exec_module(ours)

OUTPUTS = (
    'functools[{"name": "get_weather", "arguments": {"city": "Hanoi"}}]',
    'functools[{"name": "get_weather", "arguments": {"days": [1, 2]}}]',
    '<|tool_call|>[{"name": "get_weather", "arguments": {"city": "Hanoi"}}]<|/tool_call|>',
    '<|tool_call|>[{"name": "get_weather", "arguments": {"days": [1, 2]}}]',
)
PARSERS = {"phi4_mini_json": Phi4MiniJsonToolParser, ours.NAME: ours.Phi4MiniNativeToolParser}

for output in OUTPUTS:
    print(output)
    for name, parser in PARSERS.items():
        found = parser(None).extract_tool_calls(output, None)
        calls = [(call.function.name, call.function.arguments) for call in found.tool_calls]
        print(f"    {name}: calls {calls}, text {found.content!r}")
