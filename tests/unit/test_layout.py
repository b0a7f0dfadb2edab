"""Rules of the house that hold only because they are tested."""

import ast
import doctest
import importlib
import re
import tomllib
from importlib.metadata import distributions
from itertools import chain

import pytest
import yaml
from packaging.specifiers import SpecifierSet

from tests import ROOT

PACKAGE = ROOT / "wganlib"
FIGURES = sorted(f"figures.{p.stem}" for p in PACKAGE.glob("figures/ch*.py"))
MODULES = sorted(p.stem for p in PACKAGE.glob("*.py") if p.stem != "__init__") + FIGURES
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

# What each module may import from wganlib; see the table in CONTRIBUTING.md.
LAYERS = {
    "_arrays": set(),
    "_files": set(),
    "_memory": set(),
    "parallel": {"_arrays"},
    "_joint": {"parallel"},
    "_distances": {"_memory"},
    "checks": {"_arrays"},
    "divergences": {"_arrays", "_memory"},
    "transport": {"_arrays", "_distances", "_memory"},
    "dual": {"_arrays", "_distances", "transport"},
    "losses": {"_arrays"},
    "slope": {"_arrays"},
    "lipschitz": {"_arrays", "_networks", "parallel", "slope"},
    "_networks": {"_arrays", "_memory", "slope"},
    "models": {"_arrays", "_networks"},
    "_ends": {"_networks"},
    "_pictures": set(),
    "_progress": set(),
    "_samples": {"_arrays", "_pictures"},
    "_reading": {"_arrays", "_memory", "_pictures", "_progress", "_samples"},
    "data": {"_arrays", "_memory", "_reading", "_samples"},
    "images": {
        "_arrays", "_files", "_memory", "_pictures", "_progress", "_reading", "_samples", "data",
    },
    "mnist": {"_arrays", "data"},
    "_stored": {"models"},
    "records": {"_arrays", "_files", "_stored"},
    "_run": {"_arrays", "_files", "_joint", "_progress", "data", "losses", "parallel", "records"},
    "training": {
        "_arrays", "_ends", "_networks", "_run", "data", "losses", "parallel", "records", "slope",
    },
    "metrics": {"_arrays", "_distances", "_memory", "data", "transport"},
    "classifier": {"_arrays", "_memory", "records"},
    "callbacks": {"_arrays", "_files", "models", "records"},
    "_penalties": set(),
    "diagnosis": {
        "_arrays", "_ends", "_networks", "_penalties", "data", "lipschitz", "metrics", "models",
    },
    "_datasets": {"callbacks", "data", "images", "mnist", "records"},
    "_folder": {"_files", "records"},
    "_verdict": {"_datasets", "callbacks", "classifier", "data", "metrics", "mnist", "records"},
    "_commands": {
        "_datasets", "_folder", "_memory", "_verdict", "callbacks", "data", "images", "lipschitz",
        "models", "records", "training",
    },
    "cli": {"_commands"},
    "__main__": {"cli"},
    "palette": set(),
    "plotting": {"_arrays", "palette"},
    **{module: {"palette", "plotting"} for module in FIGURES},
}  # fmt: skip


def tree(module):
    return ast.parse(PACKAGE.joinpath(*module.split(".")).with_suffix(".py").read_text())


def imported_siblings(module):
    found = set()
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "wganlib":
            inner = node.module.split(".")[1:]
            found |= set(inner) if inner else {a.name for a in node.names}
        elif isinstance(node, ast.Import):
            found |= {a.name.split(".")[1] for a in node.names if a.name.startswith("wganlib.")}
    return found


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_what_its_layer_allows(module):
    assert imported_siblings(module) <= LAYERS[module]


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_in_the_docstrings_are_true(module):
    checked = importlib.import_module(f"wganlib.{module}")
    assert doctest.testmod(checked, optionflags=doctest.ELLIPSIS).failed == 0


def functions(module):
    body = tree(module).body
    methods = [n for c in body if isinstance(c, ast.ClassDef) and c.name[0] != "_" for n in c.body]
    yield from (node for node in [*body, *methods] if isinstance(node, ast.FunctionDef))


def body_lines(node):
    """Lines of code: without the docstring."""
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize("module", MODULES)
def test_bodies_are_short(module):
    for node in functions(module):
        limit = 45 if node.name == "train" else 25
        assert body_lines(node) <= limit, f"{module}.{node.name}: {body_lines(node)} lines"


@pytest.mark.parametrize("module", MODULES)
def test_public_functions_are_typed_and_documented(module):
    for node in functions(module):
        if node.name.startswith("_"):
            continue
        arguments = [*node.args.args, *node.args.kwonlyargs]
        untyped = [a.arg for a in arguments if a.annotation is None and a.arg != "self"]
        assert not untyped, f"{module}.{node.name}: no type for {untyped}"
        assert node.returns is not None, f"{module}.{node.name}: no return type"
        assert ast.get_docstring(node), f"{module}.{node.name}: no docstring"


@pytest.mark.parametrize("module", MODULES)
def test_at_most_four_arguments_are_positional(module):
    for node in functions(module):
        positional = [a.arg for a in node.args.args if a.arg != "self"]
        if not node.name.startswith("_"):
            assert len(positional) <= 4, f"{module}.{node.name}: {positional}"


@pytest.mark.parametrize("module", [m for m in MODULES if m not in ("checks", "cli")])
def test_nothing_is_printed(module):
    names = [n.func.id for n in ast.walk(tree(module))
             if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]  # fmt: skip
    assert "print" not in names


def test_conda_s_environment_is_in_step_with_the_package():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    python, _, pip = environment["dependencies"]
    assert python == f"python{PROJECT['requires-python'].replace('>=', '=')}"  # as Binder reads it
    extras = ",".join(sorted(PROJECT["optional-dependencies"]))
    assert pip["pip"][-1] == f"-e .[{extras}]"
    assert all(line.startswith("--extra-index-url https://") for line in pip["pip"][:-1])


def requirement(text):
    return re.split(r"[<>=!~\[; ]", text)[0].lower().replace("_", "-")


PINS = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line]


def test_every_requirement_has_an_exact_version():
    pinned = {requirement(line) for line in PINS}
    wanted = {*PROJECT["dependencies"], *chain(*PROJECT["optional-dependencies"].values())}
    assert {requirement(r) for r in wanted} <= pinned


def test_every_exact_version_can_be_had_with_the_oldest_python():
    oldest = PROJECT["requires-python"].removeprefix(">=") + ".0"
    here = {f"{d.name}=={d.version}": d.metadata.get("Requires-Python") for d in distributions()}
    found = {pin: needs for pin, needs in here.items() if pin in PINS and needs}
    assert len(found) > 20
    assert {pin: s for pin, s in found.items() if not SpecifierSet(s).contains(oldest)} == {}


def test_the_package_itself_pins_nothing():
    assert not [r for r in PROJECT["dependencies"] if "==" in r or "<" in r]


def test_workflows_pin_every_action_by_hash():
    workflows = list((ROOT / ".github" / "workflows").glob("*.yml"))
    assert workflows
    for path in workflows:
        uses = re.findall(r"uses: *(\S+)", path.read_text())
        assert uses
        assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", use) for use in uses), path.name


def test_the_commands_in_the_readme_exist():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in ("README.md", "CONTRIBUTING.md"):
        named = set(re.findall(r"\bmake ([a-z]+)\b(?! sure)", (ROOT / page).read_text()))
        assert named, page
        assert named <= targets, page
