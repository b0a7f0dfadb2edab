"""One docstring form everywhere: numpydoc's, with the source under References."""

import functools
import importlib
import inspect
import pkgutil
import re
import tomllib

import pytest
from numpydoc.validate import ERROR_MSGS
from numpydoc.validate import validate as validated

import wganlib
from tests import ROOT

RULES = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["numpydoc_validation"]
CHECKS = set(ERROR_MSGS) - set(RULES["checks"])  # "all" and the exceptions from it
EXCLUDED = re.compile("|".join(RULES["exclude"]))


def public_objects():
    """Names of all public modules, functions, classes and methods of the package."""
    for found in pkgutil.walk_packages(wganlib.__path__, "wganlib."):
        if EXCLUDED.search(found.name):
            continue
        module = importlib.import_module(found.name)
        yield found.name
        for name, thing in vars(module).items():
            own = getattr(thing, "__module__", None) == found.name
            if (
                name[0] == "_"
                or not own
                or not (inspect.isfunction(thing) or inspect.isclass(thing))
            ):
                continue
            yield f"{found.name}.{name}"
            methods = vars(thing) if inspect.isclass(thing) else {}
            kinds = (staticmethod, classmethod, property)
            yield from (
                f"{found.name}.{name}.{m}" for m, value in methods.items()
                if m[0] != "_" and (inspect.isfunction(value) or isinstance(value, kinds))
            )  # fmt: skip


NAMES = list(public_objects())
validate = functools.cache(validated)  # two tests ask about each name


def test_the_objects_of_the_package_are_found():
    modules = {name.split(".")[1] for name in NAMES}
    assert {"transport", "models", "training", "plotting"} <= modules
    assert "wganlib.models.ConvCritic.forward" in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_docstring_has_the_house_s_form(name):
    report = validate(name)
    errors = [f"{code}: {text}" for code, text in report["errors"] if code in CHECKS]
    assert not errors, f"{name}, line {report['file_line']}"


@pytest.mark.parametrize("name", NAMES)
def test_a_source_stands_under_references_and_fields_under_parameters(name):
    text = validate(name)["docstring"]
    assert not re.search(r"^\s*\*?Source:", text, re.MULTILINE), "use References"
    assert not re.search(r"^\s*Attributes\n\s*---", text, re.MULTILINE), "use Parameters"
    differs = re.findall(r"^.*Differs from.*$", text, re.MULTILINE)
    assert all(re.search(r"\*Differs from [^*]+\*", line) for line in differs), "set it in italics"
