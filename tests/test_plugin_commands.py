"""Commands, listings and warm-ups of another package, declared by entry points."""

import os
import subprocess
import sys

import pytest

MODULE = """
import click
from mibench import InputError

@click.command()
@click.argument("name")
def greet(name):
    '''Greet NAME.'''
    if name == "nobody":
        raise InputError("there is nobody to greet: name somebody")
    click.echo(f"hello {name}")

def planets():
    return "Planets", ["name", "moons"], [["Mars", 2]]

def warm_up():
    print("warmed up")
"""

ENTRY_POINTS = """
[mibench.commands]
greet = guests:greet
broken = guests:nothing
list = guests:greet
[mibench.listings]
planets = guests:planets
[mibench.warmups]
guests = guests:warm_up
"""


@pytest.fixture
def with_guests(tmp_path):
    """Run mibench where a package with these entry points is installed."""
    (tmp_path / "guests.py").write_text(MODULE)
    metadata = tmp_path / "guests-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: guests\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(ENTRY_POINTS)

    def run(*args):
        return subprocess.run(
            [sys.executable, "-m", "mibench", *args], cwd=tmp_path, capture_output=True, text=True,
            env={**os.environ, "PYTHONPATH": str(tmp_path), "COLUMNS": "200"},
        )  # fmt: skip

    return run


def test_a_package_adds_a_command(with_guests):
    done = with_guests("greet", "Ada")
    assert (done.returncode, done.stdout) == (0, "hello Ada\n"), done.stderr
    done = with_guests("greet", "nobody")
    assert done.returncode == 2
    assert done.stderr == "mibench: error: there is nobody to greet: name somebody\n"


def test_help_lists_all_commands_and_one_that_cannot_be_loaded(with_guests):
    done = with_guests("--help")
    assert done.returncode == 0, done.stderr
    lines = [line.split(maxsplit=1) for line in done.stdout.splitlines() if line]
    assert ["greet", "Greet NAME."] in lines
    assert ["broken", "(cannot be loaded)"] in lines
    assert {"compare", "estimate", "ibnet", "list"} <= {line[0] for line in lines}
    done = with_guests("broken")
    assert done.returncode == 2
    assert "command 'broken' (guests:nothing) cannot be loaded" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_built_in_command_is_not_replaced(with_guests):
    assert "Mars" in with_guests("list", "planets").stdout
    done = with_guests("list", "nothing")
    assert done.returncode == 2
    assert "unknown listing 'nothing'" in done.stderr
    assert "flags, planets, settings" in done.stderr or "settings, planets" in done.stderr
