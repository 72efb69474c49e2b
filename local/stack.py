"""The order in which the local stack starts, and in which it ends: the emulator is the last, its state saved."""

import contextlib
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import httpx

from . import build, config, demo, demo_users, deploy, lock, ports, processes
from .config import Config
from .errors import LocalError
from .front import Front
from .logs import Follower
from .stackfile import AwsAccess, Demo, StackFile

SERVICES = (
    "apigateway,cloudformation,cognito-idp,dynamodb,dynamodbstreams,events,iam,lambda,logs,monitoring,s3,scheduler,"
    "secretsmanager,ses,sns,sqs,ssm,sts"
)
START_SECONDS = 60.0


class Ended(Exception):
    """Ctrl-C or SIGTERM."""


def run(settings: Config, *, reset: bool, filled: bool = True) -> None:
    """Start everything, say so, follow the logs until Ctrl-C or SIGTERM, and end everything in order."""
    began = time.monotonic()
    ready, stop = threading.Event(), threading.Event()
    _end_on_signals(ready, stop)
    with contextlib.suppress(Ended), lock.held(settings.state_dir) as note_address:
        processes.end_leftovers(settings.state_dir)
        settings.stack_file.unlink(missing_ok=True)
        if reset:
            empty(settings.state_dir)
        chosen = ports.choose(settings.ports, settings.state_dir / "ports.json")
        note_address(demo.local_url(chosen["front"]))
        with _started(settings, chosen, filled=filled) as (aws, children):
            ready.set()
            _say(
                f"Started in {time.monotonic() - began:.1f} s. Ctrl-C ends it; below is what the functions log.\nReady"
            )
            follower = Follower(aws, _log_groups(aws), _say, color=settings.color)
            follower.follow(stop, lambda: _check(children))


def empty(state_dir: Path) -> None:
    """Forget everything but the lock."""
    for entry in state_dir.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        elif entry.name != "lock":
            entry.unlink()


@contextlib.contextmanager
def _started(
    settings: Config, chosen: dict[str, int], *, filled: bool
) -> Iterator[tuple[deploy.Aws, list[processes.Child]]]:
    with contextlib.ExitStack() as ending:
        ending.callback(_say, "Stopped; everything is kept for the next start.")
        _build()
        emulator = start_emulator(settings, chosen["aws"])
        ending.callback(emulator.stop, 20)
        simulator = start_simulator(settings, chosen["simulator"])
        ending.callback(simulator.stop, 5)
        aws = deploy.Aws(chosen["aws"])
        emulator.wait_ready(lambda: _answers(f"{aws.endpoint_url}/_ministack/health"), START_SECONDS)
        _deploy(aws, settings.state_dir, chosen["front"])
        simulator.wait_ready(lambda: _answers(f"{demo.local_url(chosen['simulator'])}/simulator"), START_SECONDS)
        front = Front(
            chosen["front"],
            chosen["aws"],
            _only(aws, "AWS::ApiGateway::RestApi"),
            _only(aws, "AWS::ApiGatewayV2::Api"),
        )
        front.start()
        ending.callback(front.stop)
        file = _fill(aws, chosen, settings.state_dir, filled=filled)
        file.write(settings.stack_file)
        ending.callback(settings.stack_file.unlink, missing_ok=True)
        announce = _announce if filled else _announce_empty
        announce(file)
        yield aws, [emulator, simulator]
        _say("Stopping")


def start_emulator(settings: Config, port: int) -> processes.Child:
    """The AWS emulator, with IAM enforced, on loopback only, its state in our folder."""
    state = settings.state_dir
    (state / "tmp").mkdir(parents=True, exist_ok=True)
    environment = config.child_environment(
        AUTH="true",
        BIND_HOST=config.HOST,
        DOCKER_HOST=f"unix://{state / 'no-docker'}",  # or ministack would look after containers that are not ours
        GATEWAY_PORT=str(port),
        IOT_MTLS_ENABLED="0",
        LAMBDA_EXECUTOR="local",
        LOG_LEVEL="WARNING",
        MINISTACK_REGION=config.REGION,
        PERSIST_STATE="1",
        SERVICES=SERVICES,
        SFTP_ENABLED="0",
        STATE_DIR=str(state / "aws"),
        TMPDIR=str(state / "tmp"),
    )
    python = config.PROJECT / ".venv-emulator" / "bin" / "python"
    return processes.Child.start(python, "local.emulator", state, environment)


def start_simulator(settings: Config, port: int) -> processes.Child:
    """The ClickSend simulator, which remembers its rules and texts."""
    environment = config.child_environment(
        TEXTENSION_SIMULATOR_PORT=str(port),
        SIMULATOR_STATE_FILE=str(settings.state_dir / "simulator.json"),
    )
    python = config.PROJECT / ".venv" / "bin" / "python"
    return processes.Child.start(python, "local.simulator", settings.state_dir, environment)


def _build() -> None:
    began = time.monotonic()
    _say("sam build …")
    built = build.ensure_built()
    _say(f"  built in {time.monotonic() - began:.1f} s" if built else "  nothing has changed since the last one")


def _deploy(aws: deploy.Aws, state_dir: Path, front: int) -> None:
    began = time.monotonic()
    _say("sam deploy …")
    deployed = deploy.ensure_deployed(aws, state_dir, demo.local_url(front), demo.websocket_url(front))
    _say(f"  deployed in {time.monotonic() - began:.1f} s" if deployed else "  nothing has changed since the last one")


def _fill(aws: deploy.Aws, chosen: dict[str, int], state_dir: Path, *, filled: bool) -> StackFile:
    """The demo's data, or nothing but the address of the simulator."""
    front_url, simulator_url = demo.local_url(chosen["front"]), demo.local_url(chosen["simulator"])
    websocket_url = demo.websocket_url(chosen["front"])
    outputs = deploy.outputs(aws)
    token = demo.aim_at_simulator(aws, outputs, simulator_url)
    demo.verify_sender(aws)
    users = demo_users.kept(state_dir / "users.json") if filled else []
    if filled:
        demo.write_secrets(aws, outputs, simulator_url)
        demo.add_number(outputs["TableName"])
        demo_users.ensure(aws, outputs["UserPoolId"], demo.ACCOUNT, users)
        demo.install_rules(aws, outputs, front_url)
    return StackFile(
        api_url=front_url,
        app_url=outputs["AppUrl"],
        websocket_url=websocket_url,
        simulator_url=simulator_url,
        aws=AwsAccess(aws.endpoint_url, config.REGION, config.ACCESS_KEY_ID, config.SECRET_ACCESS_KEY),
        stack_name=config.STACK_NAME,
        outputs=deploy.at_the_front(outputs, front_url, websocket_url),
        demo=Demo(
            account=demo.ACCOUNT,
            number=demo.NUMBER if filled else "",
            extensions=list(demo.EXTENSIONS) if filled else [],
            webhook_token=token,
            subaccount_id=demo.SUBACCOUNT_ID,
            clicksend_username=demo.CREDENTIAL.username,
            users=users,
        ),
    )


def _announce(file: StackFile) -> None:
    first, second = file.demo.users
    print(
        f"""
  Web app    {file.app_url}
  API        {file.api_url}
  Realtime   {file.websocket_url}   (the WebSocket: ?ticket= and a ticket of POST /api/v1/realtime-tickets)
  ClickSend  {file.simulator_url}   (the simulator: what was sent, and what customers text)
  AWS        {file.aws.endpoint_url}   (the emulator; region {file.aws.region}, key {file.aws.access_key_id})
  E-mail     {demo.mails(file.aws.endpoint_url)}   (the copies of texts)

  A customer texts {file.demo.number}:
    {demo.customer_texts(file.simulator_url)}
  {file.demo.number} answers:
    .venv/bin/textension send --from {file.demo.number} --to +61422222222 'Yes, until five.'

  Who may sign in: {first.email} with {first.password} (admin), {second.email} with {second.password}
    {demo_users.sign_in(file.aws.endpoint_url, file.outputs["UserPoolClientId"], first)}
""",
        flush=True,
    )


def _announce_empty(file: StackFile) -> None:
    print(
        f"""
  API        {file.api_url}
  ClickSend  {file.simulator_url}   (the simulator: user {demo.CREDENTIAL.username}, key {demo.CREDENTIAL.api_key})

  Nothing is set up yet. What is missing says, at each step:
    .venv/bin/textension doctor
""",
        flush=True,
    )


def _log_groups(aws: deploy.Aws) -> dict[str, str]:
    groups = deploy.resources(aws, "AWS::Logs::LogGroup")
    return {logical.removesuffix("Logs"): physical for logical, physical in groups.items()}


def _only(aws: deploy.Aws, kind: str) -> str:
    return next(iter(deploy.resources(aws, kind).values()))


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2, trust_env=False).status_code < 500
    except httpx.HTTPError:
        return False


def _check(children: list[processes.Child]) -> None:
    for child in children:
        if not child.running:
            raise LocalError(f"The {child.name} has ended by itself.{child.last_lines()}")


def _end_on_signals(ready: threading.Event, stop: threading.Event) -> None:
    """Ctrl-C and SIGTERM break a start off; once ready they let the logs be followed to the end."""

    def end(_number: int, _frame: FrameType | None) -> None:
        again = stop.is_set()
        stop.set()
        if not again and not ready.is_set():
            raise Ended

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)


def _say(line: str) -> None:
    print(line, flush=True)
