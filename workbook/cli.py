"""The `workbook` command: the package's functions from a terminal."""

import argparse
import sys

from workbook.errors import CourseError


def main(argv: list[str] | None = None) -> int:
    """Run one sub-command; gives the exit status (2 for something that the user can put right)."""
    arguments = _parser().parse_args(argv)
    try:
        return arguments.run(arguments) or 0
    except CourseError as error:
        print(f"workbook: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nworkbook: interrupted.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="workbook", description="The course's functions from a terminal."
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    serve = commands.add_parser("serve", help="serve a model until Ctrl-C")
    serve.add_argument("runtime", help="engine, llamacpp, vllm, ollama or foundry")
    serve.add_argument("--model", default="pocket", help="model name (default: pocket)")
    serve.add_argument("--artifact", help="artifact (default: the runtime's own)")
    serve.add_argument("--port", type=_port, help="port (default: its usual one; 0: a free one)")
    serve.set_defaults(run=_serve)

    convert = commands.add_parser("convert", help="convert a model to an artifact")
    convert.add_argument("--model", default="pocket", help="model name (default: pocket)")
    convert.add_argument("--to", default="onnx-int4", help="artifact (default: onnx-int4)")
    convert.epilog = "For example: workbook convert --model pocket --to onnx-int8"
    convert.set_defaults(run=_convert)

    download = commands.add_parser("download", help="download a model's weights")
    download.add_argument("model", help="model name, for example phi4-mini")
    download.set_defaults(run=_download)

    ask = commands.add_parser("eval", help="ask a runtime a suite of questions, judge the answers")
    ask.add_argument("--suite", default="tutorial", metavar="NAME",
                     help="tutorial, heldout, tools or code (default: tutorial), or with --from a "
                          "public benchmark: gsm8k, humaneval, math500, bfcl")  # fmt: skip
    ask.add_argument("--from", dest="folder", metavar="FOLDER", help="a benchmark's original files")
    ask.add_argument("--runtime", default="engine", help="runtime (default: engine)")
    ask.add_argument("--model", default="pocket", help="model name (default: pocket)")
    ask.add_argument("--artifact", help="artifact (default: the runtime's own)")
    ask.add_argument("--place", default="auto", help="place of the runtime (default: auto)")
    ask.add_argument("--limit", type=_positive, help="at most so many questions a family")
    ask.add_argument("--samples", type=_positive, default=1, help="answers a question (default: 1)")
    ask.add_argument("--temperature", type=_temperature, default=0.0, help="0 to 2 (default: 0)")
    ask.add_argument("--seed", type=_natural, default=0, help="seed of the first sample")
    ask.add_argument("--max-tokens", type=_positive, default=512, help="tokens of an answer")
    ask.add_argument("--concurrency", type=_positive, default=4, help="requests at once")
    ask.add_argument("--timeout", type=_positive, default=120, help="seconds for one question")
    ask.add_argument("--system", default="", help="a system prompt for questions without one")
    ask.add_argument("--vote", action="store_true", help="judge the answer most samples agree on")
    ask.add_argument("--force-calls", action="store_true",
                     help="force function calls to be valid, where the runtime can")  # fmt: skip
    ask.add_argument("--failures", type=_natural, default=5, metavar="N",
                     help="print N wrong answers (default: 5)")  # fmt: skip
    ask.add_argument("--out", metavar="FILE",
                     help="results as JSON (default: in build/evaluate, named after the run); "
                          "answers are kept beside it: the same command goes on")  # fmt: skip
    ask.set_defaults(run=_eval)

    pocket = commands.add_parser("pocket", help="make pocket: data, training, scores, card")
    steps = pocket.add_subparsers(metavar="STEP", required=True)
    data = steps.add_parser("data", help="show generated problems, write the question banks")
    data.add_argument("--show", type=_natural, default=0, metavar="N", help="print N problems")
    data.set_defaults(run=_pocket_data)
    train = steps.add_parser("train", help="train; the same command goes on where it stopped")
    train.add_argument("--preset", default="cpu", help="smoke, cpu or gpu (default: cpu)")
    train.add_argument("--threads", type=_positive, help="threads (default: all cores)")
    train.add_argument("--tokens", type=_positive, help="train on so many tokens instead")
    train.set_defaults(run=_pocket_train)
    score = steps.add_parser("score", help="score the model in models/pocket")
    score.add_argument("--limit", type=_positive, help="at most so many questions a family")
    score.set_defaults(run=_pocket_score)
    export = steps.add_parser("export", help="make a trained preset the bundled model")
    export.add_argument("--preset", default="cpu", help="smoke, cpu or gpu (default: cpu)")
    export.set_defaults(run=_pocket_export)
    card = steps.add_parser("card", help="write models/pocket/README.md from the last scores")
    card.set_defaults(run=_pocket_card)
    return parser


def _natural(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def _positive(text: str) -> int:
    if _natural(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not above 0")
    return int(text)


def _temperature(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 2:
        raise argparse.ArgumentTypeError(f"{text!r} is not a temperature: choose 0 to 2")
    return value


def _port(text: str) -> int:
    if _natural(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: choose 0 to 65535")
    return int(text)


def _serve(arguments) -> None:
    from workbook import runtimes

    given = {"artifact": arguments.artifact} if arguments.artifact else {}
    runtimes.serve(arguments.runtime, model=arguments.model, port=arguments.port, **given)


def _convert(arguments) -> None:
    from workbook.convert import convert

    print(f"{arguments.to} of {arguments.model}: converting, or looking in the cache", flush=True)
    made = convert(arguments.model, arguments.to)
    print(f"{made.name} of {made.model}: {made.megabytes:.1f} MB in {made.path}")


def _eval(arguments) -> None:
    from workbook.evaluate import command

    command.run(arguments)


def _download(arguments) -> None:
    import logging

    from workbook import models

    size = models.geometry(arguments.model).weight_bytes("bf16") / 1e9
    print(f"{arguments.model}: {size:.1f} GB of weights", flush=True)
    # It logs every attempt; the last one's reason is in our own sentence.
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    print(models.download(arguments.model))


def _pocket_data(arguments) -> None:
    import itertools

    from workbook.models import chat
    from workbook.pocket import banks, families

    for problem in itertools.islice(families.training(seed=0), arguments.show):
        tools = list(problem.tools)
        print(chat.render(problem.messages(), tools, add_generation_prompt=False), end="\n\n")
    for file in banks.make():
        print(f"wrote {file}")


def _pocket_train(arguments) -> None:
    from workbook.pocket import train

    print(train.run(arguments.preset, threads=arguments.threads, tokens=arguments.tokens))


def _pocket_score(arguments) -> None:
    from workbook.pocket import score

    print(score.run(limit=arguments.limit))


def _pocket_export(arguments) -> None:
    from workbook.pocket import train

    train.install(arguments.preset)


def _pocket_card(arguments) -> None:
    from workbook.pocket import card

    print(f"wrote {card.write()}")


if __name__ == "__main__":
    sys.exit(main())
