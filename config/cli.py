"""The console command `totem`: serve, worker, migrate, verify, demo, dev, doctor, and those of rooms; see `--help`."""

import argparse
import contextlib
import errno
import os
import shutil
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from django.core.checks import Error

from config import assets, backups, checks, environment_file, supervisor
from totem.core import embedded, embedded_programs, languages
from totem.core.backups import BackupRefused
from totem.core.queues import QUEUES

OWNERS_COMMANDS = ("migrate", "createcachetable", "pgtrigger")
OK, FAILED, INTERRUPTED = 0, 1, 130


class Refusal(Exception):
    """The command cannot run; the message says what to do, in one line, or in one line for each problem."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 0, or not 0 after one clear line on standard error."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(given)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if options.command is demo:
        os.environ.setdefault("TOTEM_MODE", "demo")
    elif options.command is dev:
        os.environ.setdefault("TOTEM_DEMO", "yes")
        os.environ["DJANGO_RUNSERVER_HIDE_WARNING"] = "true"  # not for production: `dev` refuses to run there
    for option, variable in (("host", "TOTEM_BIND"), ("port", "TOTEM_PORT"), ("workers", "TOTEM_WORKERS")):
        if getattr(options, option, None):
            os.environ[variable] = getattr(options, option)
    with _errors_in_one_line() as outcome:
        if options.env or options.command not in {demo, dev}:  # these two have data of their own
            environment_file.load(options.env)
        outcome.status = options.command(options)
    return outcome.status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="totem", description="Totem, the house of a digital hub. Every variable it reads: docs/operations.md."
    )
    parser.add_argument(
        "--env", metavar="FILE", help=f"file of variables; without it {environment_file.PATH}, if there"
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def command(function: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(function.__name__, help=text, description=text)
        sub.set_defaults(command=function)
        return sub

    for function, text in (
        (serve, "web processes, job workers and, without DATABASE_URL, the embedded database"),
        (demo, "prepare the demonstration and serve it"),
        (dev, "the demonstration while one changes the code: restarts when a file changes, shows errors in full"),
    ):
        sub = command(function, text)
        sub.add_argument("--host", help="address to listen on (TOTEM_BIND, 127.0.0.1)")
        sub.add_argument("--port", help="port to listen on (TOTEM_PORT, 8000)")
        if function is dev:
            continue
        sub.add_argument("--workers", help="web processes (TOTEM_WORKERS)")
        if function is serve:
            sub.add_argument("--no-worker", action="store_true", help="web processes only")
        else:
            sub.add_argument("--reset", action="store_true", help="start over with fresh data")
            sub.add_argument("--prepare-only", action="store_true", help="prepare, do not serve")
            sub.set_defaults(no_worker=False)
    sub = command(worker, "do jobs: mails, reminders, nightly work; any number, on any machine")
    sub.add_argument("--queue", choices=QUEUES, help="one process for that queue only; without it, one for each")
    sub.add_argument("--once", action="store_true", help="do the jobs that are due, then end")
    command(migrate, "prepare or upgrade the database and the static files")
    backups.add_backup_arguments(command(backup, "write one file with the database and the files of people"))
    backups.add_restore_arguments(command(restore, "put back what a backup holds, then migrate"))
    command(doctor, "name what is wrong with this installation")
    sub = command(verify, "recompute seals, chains and digests, and name what was changed behind the triggers")
    sub.add_argument("--digest", default="", help="of a seal, kept outside the database: check that it is there")
    for function, text in (
        (staff, "somebody who looks after the installation: totem staff EMAIL"),
        (territories, "outlines of communes for maps: totem territories --help"),
        (observatory, "the business register: import, synthesise, accept, refuse, status: totem observatory --help"),
        (charter, "the rules of labels, which are files: check, load, list, schema, example: totem charter --help"),
        (manage, "Django's own commands, with the database running"),
    ):
        # Their own parser answers, to --help too.
        sub = commands.add_parser(function.__name__, help=text, add_help=False, prefix_chars="\0")
        sub.set_defaults(command=function)
        sub.add_argument("arguments", nargs=argparse.REMAINDER)
    return parser


# -- Commands ---------------------------------------------------------------------------------------------------------


def serve(options: argparse.Namespace) -> int:
    """Web processes and a worker, until SIGTERM or SIGINT."""
    with _listener() as listener, _database() as server:
        _set_up()
        _refuse_unready()
        return _serve(listener, server, options)


def worker(options: argparse.Namespace) -> int:
    """Do jobs until SIGTERM or SIGINT: in this process those of one queue, otherwise in one process for each."""
    ours = not supervisor.supervised()
    supervisor.follow_supervisor()
    with _database() if ours else contextlib.nullcontext() as server:
        _set_up()
        if ours:
            _refuse_unready()
        if not (options.queue or options.once):
            return supervisor.Supervisor(None, workers=True, say=_say).run(server)
        from config import worker as loop  # noqa: PLC0415

        return loop.run(queue=options.queue, once=options.once)


def migrate(_options: argparse.Namespace) -> int:
    """Prepare or upgrade: schema, cache table, communes, static files. Safe to run on several machines at once."""
    with _database(), _as_owner():
        _prepare()
    return OK


def backup(options: argparse.Namespace) -> int:
    """Write one file with the database and the files of people, while Totem serves."""
    with _database():
        _set_up()
        _refuse_old_server()
        backups.back_up(options)
    return OK


def restore(options: argparse.Namespace) -> int:
    """Put back what a backup holds, then bring it to the state of this version."""
    if options.check:
        _set_up()
        backups.check(options)
        return OK
    with _database(), _as_owner():
        _refuse_old_server()
        backups.restore(options)
        _prepare()
    return OK


def demo(options: argparse.Namespace) -> int:
    """Prepare the demonstration and serve it; a second time the data are kept."""
    with contextlib.nullcontext() if options.prepare_only else _listener() as listener, _database() as server:
        _say(f"Totem's demonstration ({'all over' if options.reset else 'data are kept'})")
        _step("Database")
        with _as_owner():
            _refuse([*checks.unsafe_settings(), *checks.real_people()])
            if options.reset:
                _empty(server)
            _prepare()
        _step("Outlines")
        _say(_outlines())
        _step("Demonstration")
        _call_if_there("load_demo")
        return OK if listener is None else _serve(listener, server, options)


def dev(_options: argparse.Namespace) -> int:
    """The demonstration on Django's development server, with a worker; both start again when a file changes.

    Django's reloader runs this command a second time as its child, which is the one that serves.
    """
    from django.core.management import execute_from_command_line  # noqa: PLC0415
    from django.utils.autoreload import DJANGO_AUTORELOAD_ENV  # noqa: PLC0415

    _refuse_outside_development()
    serves = DJANGO_AUTORELOAD_ENV in os.environ
    if not serves:
        _listener().close()
    with _database():
        if serves:
            supervisor.start_workers()
        else:
            with _as_owner():
                _refuse([*checks.unsafe_settings(), *checks.real_people()])
                _prepare()
            _call_if_there("load_demo")
        execute_from_command_line(["totem", "runserver", f"{_settings().BIND}:{_settings().PORT}"])
    return OK


def doctor(_options: argparse.Namespace) -> int:
    """Print what is wrong; the exit status is not 0 when something has to be changed."""
    from config import doctor as examination  # noqa: PLC0415

    return examination.report()


def verify(options: argparse.Namespace) -> int:
    """Print what does not add up; the exit status is not 0 when there is something."""
    with _console():
        _refuse_unmigrated()
        from config import verify as verification  # noqa: PLC0415

        return verification.report(options.digest)


def territories(options: argparse.Namespace) -> int:
    """The outlines of communes."""
    return _command_of_room("territories", options)


def observatory(options: argparse.Namespace) -> int:
    """The business register: import an edition, decide about one kept aside, make a synthetic one."""
    return _command_of_room("observatory", options)


def staff(options: argparse.Namespace) -> int:
    """Somebody who looks after the installation, with a link that signs in once."""
    return _command_of_room("accounts", options, "staff")


def charter(options: argparse.Namespace) -> int:
    """Charters of labels: check a file, publish it, list what is published."""
    return _command_of_room("labels", options, "charter")


def manage(options: argparse.Namespace) -> int:
    """Django's own commands."""
    from django.core.management import execute_from_command_line  # noqa: PLC0415

    is_schema = options.arguments[:1] in ([name] for name in OWNERS_COMMANDS)
    with _console(), _as_owner() if is_schema else contextlib.nullcontext():
        execute_from_command_line(["totem manage", *options.arguments])
    return OK


def _command_of_room(room: str, options: argparse.Namespace, name: str = "") -> int:
    from django.core.management import load_command_class  # noqa: PLC0415

    with _console():
        command = load_command_class(f"totem.{room}", name := name or room)
        given = vars(command.create_parser("totem", name).parse_args(options.arguments))
        command.execute(*given.pop("args", ()), **given)
    return OK


# -- Helpers ----------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _console() -> Iterator[None]:
    """Runs a command inside the block, with the database and with messages in the one language of the console.

    Not for what does jobs or loads rows: their texts are in the languages of people.
    """
    from django.utils import translation  # noqa: PLC0415

    with _database():
        _set_up()
        with translation.override(languages.ENGLISH):
            yield


def _listener() -> socket.socket:
    try:
        return supervisor.listen(_settings().BIND, _settings().PORT)
    except supervisor.PortBusyError as error:
        raise Refusal(str(error)) from None


@contextlib.contextmanager
def _database() -> Iterator[embedded.Server | None]:
    """Runs the embedded database, if it is used, inside the block; yields its server, or None."""
    settings = _settings()
    if wrong := checks.wrong_user():
        raise Refusal(wrong)
    _refuse(checks.unsafe_database())
    print(f"totem: {checks.installation()}", file=sys.stderr, flush=True)
    if not settings.EMBEDDED:
        yield None
        return
    embedded.stop_on_signals()
    with embedded.server_for(settings.DATA_DIR).running() as server:
        yield server


def _settings() -> Any:
    """Django's settings, loaded. Raises ImproperlyConfigured for a wrong variable of the environment."""
    from django.conf import settings  # noqa: PLC0415

    settings.DATABASES  # noqa: B018 - reads them
    return settings


def _set_up() -> None:
    import django  # noqa: PLC0415

    django.setup()


@contextlib.contextmanager
def _as_owner() -> Iterator[None]:
    """Django is set up, and its connection is the owner's inside the block."""
    _set_up()
    from totem.core import roles  # noqa: PLC0415

    with roles.as_owner():
        yield


def _refuse(problems: list[Error]) -> None:
    """Raise Refusal for what this mode must not run with: one line, or one line for each problem."""
    lines = [f"{problem.msg} {problem.hint}" for problem in problems]
    if lines:
        first = f"{_settings().MODE.capitalize()} refuses to start:"
        raise Refusal(f"{first} {lines[0]}" if len(lines) == 1 else "\n  - ".join([first, *lines]))


def _refuse_outside_development() -> None:
    """Raise Refusal outside development: errors shown in full disclose secrets, and anybody signs in by one click."""
    if _settings().MODE != "development":
        raise Refusal(f"`totem dev` is for a developer's machine: TOTEM_MODE is {_settings().MODE} here, unset it.")


def _refuse_unready() -> None:
    """Raise Refusal where this installation must not serve or do jobs: settings, a schema or people not of its mode."""
    _refuse(checks.unsafe_settings())
    _refuse_unmigrated()
    if _settings().DEMO:
        _refuse(checks.real_people())


def _refuse_unmigrated() -> None:
    from django.db import connection  # noqa: PLC0415
    from django.db.migrations.executor import MigrationExecutor  # noqa: PLC0415

    _refuse_old_server()
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    connection.close()
    if waiting:
        raise Refusal(f"The database is not prepared ({len(waiting)} migrations wait): run `totem migrate` first.")


def _refuse_old_server() -> None:
    from django.db import connection  # noqa: PLC0415

    connection.ensure_connection()
    version = connection.connection.info.server_version
    if version < 150000:
        raise Refusal(f"The database server is PostgreSQL {version // 10000}: Totem needs 15 or later.")


def _prepare() -> None:
    """Bring the schema, the cache table, reference data and static files to the state of this version."""
    from django.conf import settings  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415

    from totem.core import locks  # noqa: PLC0415

    _refuse_old_server()
    with locks.migrating():
        _step("Schema")
        call_command("migrate", interactive=False, verbosity=0)
        call_command("createcachetable", verbosity=0)
        _step("Communes")
        _call_if_there("load_communes")
        _call_if_there("load_activities")
        _call_if_there("load_charters")
    if settings.MODE not in {"development", "test"}:
        _step("Pages")
        assets.collect(settings.STATIC_ROOT)


def _outlines() -> str:
    from totem.territories.outlines import try_outlines  # noqa: PLC0415

    return try_outlines()


def _call_if_there(name: str) -> None:
    from django.core.management import call_command, get_commands  # noqa: PLC0415

    if name in get_commands():
        call_command(name)


def _empty(server: embedded.Server | None) -> None:
    from django.conf import settings  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415

    if server is None:
        raise Refusal("Only the embedded database is emptied: recreate the one of DATABASE_URL yourself.")
    connection.close()
    server.recreate_database()
    for folder in (settings.MEDIA_ROOT, settings.EMAIL_FILE_PATH):
        shutil.rmtree(folder, ignore_errors=True)


def _serve(listener: socket.socket, server: embedded.Server | None, options: argparse.Namespace) -> int:
    from django.conf import settings  # noqa: PLC0415
    from django.db import connections  # noqa: PLC0415

    from totem.accounts import claiming  # noqa: PLC0415

    if not settings.DEMO and (link := claiming.link()):
        _say(f"Nobody looks after this installation yet. Create an account there and open, once: {link}")
    connections.close_all()
    if settings.DEBUG:
        _say("Development mode: set TOTEM_MODE=production before people's data come in (docs/operations.md).")
    _step("Server")
    address = settings.SITE_URL
    keeper = supervisor.Supervisor(
        listener, web_processes=settings.WEB_PROCESSES, workers=not options.no_worker, say=_say
    )
    return keeper.run(server, address)


_began = time.monotonic()


def _step(name: str) -> None:
    _say(f"  {name:<14} {time.monotonic() - _began:5.1f} s")


def _say(line: str) -> None:
    print(line, flush=True)


@dataclass
class _Outcome:
    status: int = FAILED


@contextlib.contextmanager
def _errors_in_one_line() -> Iterator[_Outcome]:
    """An error that the operator can correct is printed in one line; any other keeps its traceback."""
    outcome = _Outcome()
    try:
        yield outcome
    except KeyboardInterrupt:
        outcome.status = INTERRUPTED
    except Exception as error:
        line = _line_for(error)
        if line is None:
            raise
        print(f"totem: {line}", file=sys.stderr, flush=True)


def _line_for(error: Exception) -> str | None:
    """One sentence that says what to do about this error; None for an error that the operator cannot correct."""
    from django.core.exceptions import ImproperlyConfigured  # noqa: PLC0415
    from django.core.management import CommandError  # noqa: PLC0415

    if isinstance(
        error, Refusal | BackupRefused | embedded_programs.EmbeddedError | ImproperlyConfigured | CommandError
    ):
        return str(error)
    for cause in _causes(error):
        if isinstance(cause, psycopg.errors.DiskFull) or (
            isinstance(cause, OSError) and cause.errno in {errno.ENOSPC, errno.EDQUOT}
        ):
            return "The disk is full: free some space and start again; nothing is half-written."
        if isinstance(cause, psycopg.errors.InsufficientPrivilege):
            first = str(cause).strip().split("\n", 1)[0]
            return f"This role lacks a right ({first}): run `totem migrate`, as the owner (DATABASE_OWNER_URL)."
        if isinstance(cause, psycopg.OperationalError):
            first = str(cause).strip().split("\n", 1)[0]
            return f"The database cannot be reached ({first}): check DATABASE_URL and that its server runs."
        if isinstance(cause, OSError) and cause.filename:
            return f"{cause.filename} cannot be used ({cause.strerror}): check its owner, or choose another TOTEM_DATA."
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


if __name__ == "__main__":
    sys.exit(main())
