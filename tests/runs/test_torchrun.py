"""A script that trains, started by PyTorch's `torchrun`: nothing of it is changed for that."""

import os
import subprocess
import sys

import pytest
import torch

from tests import ROOT
from tests.runs import together

ROUNDING = 1e-10  # of weights around 1 in double precision, after a dozen steps of Adam


def torchrun(processes, *arguments, restarts=0):
    """Start the script on several processes; returns what became of it."""
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone",
        f"--nproc-per-node={processes}", f"--max-restarts={restarts}",
        ROOT / "tests" / "runs" / "together.py", *arguments,
    ]  # fmt: skip
    return subprocess.run(
        [str(part) for part in command],
        # The script imports from here; the other variable is explained in wganlib.parallel.
        env=os.environ | {"PYTHONPATH": str(ROOT), "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
    )


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """Return what one process ends with."""
    folder = tmp_path_factory.mktemp("alone")
    together.main(folder)
    return torch.load(folder / "end-alone", weights_only=True)


def end(folder, rank):
    return torch.load(folder / f"end-{rank}", weights_only=True)


def test_a_process_that_is_killed_ends_the_run_and_another_number_of_them_ends_it(tmp_path, alone):
    ran = torchrun(2, tmp_path, "7")
    assert ran.returncode, "torchrun took a killed process for a success"
    assert "SIGKILL" in ran.stderr
    assert not list(tmp_path.glob("end-*"))
    ran = torchrun(1, tmp_path)
    assert ran.returncode == 0, ran.stderr
    first = end(tmp_path, 0)
    torch.testing.assert_close(first["weights"], alone["weights"], rtol=0, atol=ROUNDING)
    torch.testing.assert_close(first["w1"], alone["w1"], rtol=0, atol=ROUNDING)
    looks = (tmp_path / "looks").read_text().split()
    # By the first process alone. The checkpoint is of step 4, or of 6 if that process had the time.
    assert looks in (["2", "4", "6", "8", "10", "12"], ["2", "4", "6", "6", "8", "10", "12"])


def test_torchrun_itself_takes_a_killed_run_up_again(tmp_path, alone):
    ran = torchrun(2, tmp_path, "7", restarts=1)
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "killed").exists()
    first, second = (end(tmp_path, rank) for rank in (0, 1))
    assert torch.equal(second["weights"], first["weights"])
    assert second["w1"] == first["w1"]
    torch.testing.assert_close(first["weights"], alone["weights"], rtol=0, atol=ROUNDING)
