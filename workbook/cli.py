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

    bench = commands.add_parser("bench", help="measure runtimes under load, side by side")
    bench.add_argument("--runtimes", type=_names, default=["engine"], help="engine,llamacpp,...")
    bench.add_argument("--model", default="pocket", help="model name (default: pocket)")
    bench.add_argument("--place", default="auto", help="auto, embedded, compose or attached")
    bench.add_argument(
        "--concurrency", type=_positives, metavar="N,...", help="clients (default: 1,2,4,8,16)"
    )
    bench.add_argument("--rate", type=_rates, default=[], metavar="R,...", help="requests/s")
    bench.add_argument("--requests", type=_positive, default=32, help="a load (default: 32)")
    bench.add_argument("--rounds", type=_positive, default=3, help="(default: 3)")
    bench.add_argument("--warmup", type=_natural, default=10, help="requests (default: 10)")
    bench.add_argument("--prompt-tokens", type=_positive, default=128, help="(default: 128)")
    bench.add_argument("--output-tokens", type=_positive, default=64, help="(default: 64)")
    bench.add_argument("--timeout", type=_positive, default=300, help="seconds an answer may take")
    bench.add_argument("--seed", default="0", help="of prompts and arrivals (default: 0)")
    bench.add_argument(
        "--goodput", nargs="+", default=[], metavar="LIMIT:MS", help="ttft:200 tpot:50 e2e:3000"
    )
    bench.add_argument(
        "--option", action="append", default=[], metavar="RUNTIME.NAME=VALUE",
        help="for a runtime's start, for example engine.artifact=onnx-int8",
    )  # fmt: skip
    bench.add_argument(
        "--endpoint", action="append", default=[], metavar="NAME=URL",
        help="another server, OpenAI-shaped (its key: WORKBOOK_BENCH_KEY)",
    )  # fmt: skip
    bench.add_argument("--same-prompts", action="store_true", help="let prefix caches answer")
    bench.add_argument(
        "--scores", metavar="FILE", help='JSON, {"engine": [right, questions]}, for a plot'
    )
    bench.add_argument("--out", metavar="FOLDER", help="(default: a new one in build/bench)")
    bench.add_argument("--report", metavar="FOLDER", help="show a run again, measure nothing")
    bench.epilog = "For example: workbook bench --runtimes engine,llamacpp --concurrency 1,4,16"
    bench.set_defaults(run=_bench)

    download = commands.add_parser("download", help="download a model's weights")
    download.add_argument("model", help="model name, for example phi4-mini")
    download.set_defaults(run=_download)

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


def _names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


def _positives(text: str) -> list[int]:
    return [_positive(part) for part in text.split(",")]


def _rates(text: str) -> list[float]:
    try:
        rates = [float(part) for part in text.split(",")]
    except ValueError:
        rates = []
    if not rates or not all(0 < rate < float("inf") for rate in rates):
        raise argparse.ArgumentTypeError(f"{text!r} is no list of rates above 0, like 0.5,2")
    return rates


def _natural(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def _positive(text: str) -> int:
    if _natural(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not above 0")
    return int(text)


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


def _bench(arguments) -> int:
    from workbook.bench import command

    return command.run(arguments)


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
