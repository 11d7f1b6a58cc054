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

    shape = commands.add_parser(
        "shape", help="make an artifact of a model's geometry with random weights"
    )
    shape.add_argument("model", choices=["phi4-mini"], help="whose geometry")
    shape.add_argument(
        "--scale", default="1/4", choices=["1", "1/2", "1/4", "1/8"],
        help="of widths, heads and vocabulary (default: 1/4)",
    )  # fmt: skip
    shape.add_argument("--to", default="onnx-int4", help="artifact (default: onnx-int4)")
    shape.epilog = (
        "The name it prints is a model's: workbook bench --model phi4-mini-shape-1-4. A shape "
        "answers nothing; --to hf-bf16 writes its weights, which vLLM reads."
    )
    shape.set_defaults(run=_shape)

    check = commands.add_parser("check", help="run the tests of your own lab, without JupyterLab")
    check.add_argument("lab", nargs="?", default="", help="for example lab04; none: your progress")
    check.set_defaults(run=_check)

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

    ask = commands.add_parser(
        "eval",
        help="ask a runtime a suite of questions, judge the answers",
        description=_EVAL,
        epilog=_EVAL_MORE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _eval_options(ask)
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


_EVAL = """\
Ask a runtime a suite of questions, judge the answers, and print how many are right. The
runtime is started if it does not run, and stopped afterwards."""
_EVAL_MORE = """\
suites:
  tutorial   the tutorial's own prompts
  heldout    problems that pocket's training never saw
  tools      every question of the course that is about function calls
  code       every question of the course whose answer is run in a sandbox
  gsm8k, humaneval, math500, bfcl: public benchmarks, with --from FOLDER (their original files)

examples:
  workbook eval --suite tools --runtime vllm
  workbook eval --suite heldout --limit 10 --artifact onnx-fp32 --out full.json
  workbook eval --suite heldout --limit 10 --artifact onnx-int4 --against full.json
  workbook eval --suite heldout --limit 5 --samples 5 --temperature 0.7 --vote
  workbook eval --quality

The table has a row a family: right answers, their 95 % Wilson interval, answers that never came
(errors, which count as wrong), tokens, and seconds a request. All answers are in the JSON file."""


def _eval_options(ask: argparse.ArgumentParser) -> None:
    what = ask.add_argument_group("what is asked, of what")
    what.add_argument("--suite", default="tutorial", metavar="NAME",
                      help="a suite, see below (default: tutorial)")  # fmt: skip
    what.add_argument("--from", dest="folder", metavar="FOLDER",
                      help="the original files of a public benchmark")  # fmt: skip
    what.add_argument("--limit", type=_positive, metavar="N", help="at most N questions a family")
    what.add_argument("--runtime", default="engine", metavar="NAME",
                      help="engine (default), llamacpp, vllm, ollama or foundry")  # fmt: skip
    what.add_argument("--model", default="pocket", metavar="NAME", help="model (default: pocket)")
    what.add_argument("--artifact", metavar="NAME", help="artifact (default: the runtime's own)")
    what.add_argument("--place", default="auto", metavar="PLACE",
                      help="embedded, compose, attached or auto (default: auto)")  # fmt: skip
    how = ask.add_argument_group("how it is asked")
    how.add_argument("--system", default="", metavar="TEXT",
                     help="a system prompt, for questions without one")  # fmt: skip
    how.add_argument("--max-tokens", type=_positive, default=512, metavar="N",
                     help="most tokens of an answer (default: 512)")  # fmt: skip
    how.add_argument("--temperature", type=_temperature, default=0.0, metavar="T",
                     help="0 to 2 (default: 0, the most probable token each time)")  # fmt: skip
    how.add_argument("--samples", type=_positive, default=1, metavar="N",
                     help="answers to each question (default: 1)")  # fmt: skip
    how.add_argument("--seed", type=_natural, default=0, metavar="N",
                     help="seed of the first sample; the next has N + 1 (default: 0)")  # fmt: skip
    how.add_argument("--vote", action="store_true",
                     help="of a question's samples, judge the one most agree with")  # fmt: skip
    how.add_argument("--force-calls", action="store_true",
                     help="make the runtime answer with a valid function call wherever functions "
                          "are offered (not foundry)")  # fmt: skip
    how.add_argument("--concurrency", type=_positive, default=4, metavar="N",
                     help="requests at once (default: 4)")  # fmt: skip
    how.add_argument("--timeout", type=_positive, default=120, metavar="S",
                     help="seconds for one question, retries included (default: 120)")  # fmt: skip
    after = ask.add_argument_group("what comes of it")
    after.add_argument("--failures", type=_natural, default=5, metavar="N",
                       help="print N wrong answers (default: 5)")  # fmt: skip
    after.add_argument("--out", metavar="FILE",
                       help="results as JSON (default: in build/evaluate, named after the run); "
                            "answers are kept beside it as they come (.jsonl), and the same "
                            "command goes on where it stopped")  # fmt: skip
    after.add_argument("--against", metavar="FILE",
                       help="results of another run over the same questions: compare, with "
                            "McNemar's test")  # fmt: skip
    after.add_argument("--quality", action="store_true",
                       help="ask nothing: measure the checkers themselves on answers that were "
                            "labelled by hand")  # fmt: skip


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


def _shape(arguments) -> None:
    from workbook import models
    from workbook.convert import convert
    from workbook.models import shapes

    name = f"{arguments.model}-shape-{arguments.scale.replace('/', '-')}"
    if arguments.to == "hf-bf16":
        made = shapes.write_weights(models.geometry(name), models.folder(name))
        size, place = made.stat().st_size / 1e6, made.parent
    else:
        artifact = convert(name, arguments.to)
        size, place = artifact.megabytes, artifact.path
    print(f"{arguments.to} of {name}, which answers nothing: {size:.1f} MB in {place}")


def _check(arguments) -> int:
    from workbook.course import progress

    return progress.command(arguments.lab)


def _bench(arguments) -> int:
    from workbook.bench import command

    return command.run(arguments)


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
