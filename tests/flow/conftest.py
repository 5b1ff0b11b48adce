"""Fixtures of the flow tests: a PKI, and a running gateway that must end cleanly."""
import subprocess
import sys
import pathlib

import pytest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))
from lib.gateway import Gateway  # noqa: E402
from lib.paths import DAEMON, ROOT  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="100,000 records, fifty kill -9 rounds")


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: more than a few seconds; left out of --quick and of sanitizer runs")


def pytest_sessionstart():
    if not DAEMON.exists():
        pytest.exit(f"{DAEMON} is not built", returncode=3)


@pytest.fixture(scope="session")
def long(request):
    return request.config.getoption("--long")


@pytest.fixture(scope="session")
def pki(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pki")
    subprocess.run([ROOT / "certs/make-test-pki", "--quiet", "--dir", folder], check=True)
    return folder


@pytest.fixture
def gateway(tmp_path, pki):
    """A gateway of this test alone."""
    made = Gateway(tmp_path / "gw", pki)
    made.start()
    yield made
    made.check_clean()


@pytest.fixture
def stopped_gateway(tmp_path, pki):
    """Configured, not started: for tests that change its configuration first."""
    made = Gateway(tmp_path / "gw", pki)
    yield made
    made.check_clean()


@pytest.fixture(scope="module")
def shared(tmp_path_factory, pki):
    """One gateway for all tests of a file that do not disturb each other."""
    made = Gateway(tmp_path_factory.mktemp("shared"), pki)
    made.start()
    yield made
    made.check_clean()
