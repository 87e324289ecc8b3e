"""What a diagnosis finds wrong, and what it says to do."""

import json
import os
import re
import sys
from importlib import metadata

import pytest

from skdl import diagnose
from skdl.diagnosis import Problem, _diagnose
from skdl.plugins import architectures


@pytest.fixture
def problems(system):
    """What is wrong with a sound system after something was changed, as text."""

    def find(**params):
        found = diagnose(tensorflow=False, **params).problems
        return [("BROKEN " if p.broken else "") + f"{p.what} → {p.advice}" for p in found]

    return find


@pytest.fixture
def tried(system, monkeypatch):
    """The same where the process that tries the libraries told something else."""

    def find(**told):
        sound = {"failed": {}, "ended": "", "accelerators": [], "built_with_cuda": True}
        monkeypatch.setattr(_diagnose, "probe", lambda modules: sound | told)
        found = diagnose()
        return [("BROKEN " if p.broken else "") + f"{p.what} → {p.advice}" for p in found.problems]

    return find


def test_nothing_is_wrong_with_a_sound_system(problems, tried):
    assert problems() == []
    assert tried() == []
    diagnosis = diagnose(tensorflow=False)
    assert diagnosis.ok
    assert str(diagnosis).endswith("\n\nNothing is wrong.")


def test_facts(system, tmp_path):
    system("sys/fs/cgroup/cpu.max", "250000 100000\n")
    system("sys/fs/cgroup/memory.max", "4000000000\n")
    home = tmp_path / "home" / "data"
    for name, size in (("weights/a.h5", 5), ("mnist/x.gz", 7), ("mnist/y.gz", 8), ("z.txt", 1)):
        (home / name).parent.mkdir(exist_ok=True)
        (home / name).write_bytes(b"a" * size)
    facts = diagnose(tensorflow=False).facts
    assert facts["memory"] == {
        "total": 16384000000, "available": 8192000000, "container": 4000000000,
    }  # fmt: skip
    assert facts["cores"]["usable"] == 4
    assert facts["cores"]["container"] == 2.5
    assert facts["bfloat16"] == {"processor": False, "accelerators": None}
    assert facts["tensorflow"]["tried"] is None
    kept = facts["data_home"]
    assert (kept["path"], kept["exists"], kept["fault"]) == ("~/data", True, "")
    assert (kept["bytes"], kept["weights"]) == (21, {"a.h5": 5})
    assert kept["folders"] == {"mnist": {"files": 2, "bytes": 15}}
    assert kept["free_bytes"] > 0
    assert facts["packages"]["numpy"]["version"] == metadata.version("numpy")
    assert facts["plugins"]["architectures"]["names"] >= 12
    assert facts["variables"] == {"SKDL_DATA_HOME": "~/data"}
    assert sorted(facts) == sorted([
        "skdl", "python", "packages", "extras", "system", "cores", "memory", "tensorflow",
        "bfloat16", "data_home", "temporary_folder", "plugins", "variables",
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("flags", "has"),
    [
        ("flags\t: fpu avx512_bf16", True),
        ("flags\t: amx_bf16 x", True),
        ("Features\t: fp asimd bf16", True),
        ("Features\t: fp asimd", False),
        ("nothing", None),
    ],
)
def test_bfloat16_of_processors(system, flags, has):
    system("proc/cpuinfo", flags)
    assert diagnose(tensorflow=False).facts["bfloat16"]["processor"] is has


@pytest.mark.parametrize(
    ("capabilities", "has"),
    [([], None), ([None], None), ([[8, 0]], True), ([[9, 0], [7, 5]], False)],
)
def test_bfloat16_of_graphics_cards(system, monkeypatch, capabilities, has):
    cards = [{"name": "card", "compute_capability": able} for able in capabilities]
    told = {"failed": {}, "ended": "", "accelerators": cards}
    monkeypatch.setattr(_diagnose, "probe", lambda modules: told)
    diagnosis = diagnose()
    assert diagnosis.facts["bfloat16"]["accelerators"] is has
    names = ", ".join(["card"] * len(cards)) or "none"
    assert f"accelerators  {names}\n" in str(diagnosis)


def requires(monkeypatch, *needs):
    monkeypatch.setattr(metadata, "requires", lambda name: list(needs))


def test_versions_out_of_bounds(problems, monkeypatch):
    requires(monkeypatch, "numpy>=99.0", "nosuch-package>=1.2", 'other; extra == "dicom"')
    assert problems() == [
        f"BROKEN The package numpy is {metadata.version('numpy')}, but skdl needs >=99.0. → "
        'python -m pip install "numpy>=99.0"',
        "BROKEN The package nosuch-package is missing. → "
        'python -m pip install "nosuch-package>=1.2"',
    ]


def test_extras_that_lack_something_are_no_problem(system, monkeypatch):
    about = {"Requires-Python": ">=3.9", "Provides-Extra": ["dicom", "heif"]}

    class Metadata(dict):
        get_all = dict.get

    monkeypatch.setattr(metadata, "metadata", lambda name: Metadata(about))
    requires(
        monkeypatch, 'nosuch-package>=3; extra == "dicom"', 'numpy>=1; extra == "heif"', "joblib"
    )
    diagnosis = diagnose(tensorflow=False)
    assert diagnosis.problems == []
    assert diagnosis.facts["extras"]["dicom"] == {
        "nosuch-package": {"version": None, "needed": ">=3", "fits": False}
    }
    assert list(diagnosis.facts["extras"]["heif"]) == ["numpy"]
    assert "extras        dicom (without nosuch-package), heif\n" in str(diagnosis)
    about["Requires-Python"] = ">=4"
    (problem,) = diagnose(tensorflow=False).problems
    assert "but skdl needs >=4." in problem.what
    assert problem.broken


def test_skdl_that_is_not_installed_or_twice(problems, monkeypatch):
    def none(name, *more):
        raise metadata.PackageNotFoundError(name)

    version = metadata.version
    monkeypatch.setattr(metadata, "version", lambda n: "9.9" if n == "skdl" else version(n))
    (found,) = problems()
    assert "but 9.9 is installed. → Uninstall one of them" in found
    for name in ("version", "requires", "metadata"):
        monkeypatch.setattr(metadata, name, none)
    (found,) = problems()
    assert "without being installed, so the" in found
    assert "packages      unknown\n" in str(diagnose(tensorflow=False))


def test_two_packages_of_tensorflow(problems, monkeypatch):
    version = metadata.version
    monkeypatch.setattr(metadata, "version", lambda n: "1" if n == "tensorflow-cpu" else version(n))
    (found,) = problems()
    assert found.startswith(
        "The packages tensorflow and tensorflow-cpu hold the same files. → pyth"
    )


def test_broken_plugins(problems, monkeypatch):
    entry = metadata.EntryPoint("mynet", "nosuch_module:mynet", "skdl.architectures")
    monkeypatch.delitem(vars(architectures), "_plugins", raising=False)
    monkeypatch.setattr(
        metadata, "entry_points", lambda group: [entry] * (group == "skdl.architectures")
    )
    (found,) = problems()
    monkeypatch.delitem(vars(architectures), "_plugins")
    assert found.startswith(
        "BROKEN Among the architectures, 'mynet' is broken: ModuleNotFoundError"
    )
    assert found.endswith("skdl list architectures")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("OMP_NUM_THREADS", "1", "OMP_NUM_THREADS is 1, so only one of 4 cores is used. → Unset"),
        ("OMP_NUM_THREADS", "9", "is 9, but 4 cores may be used: .* Unset it, or set it to 4."),
        ("OMP_NUM_THREADS", "4,2", ""),
        ("OMP_NUM_THREADS", "0", "'0', which is not a number of threads. → Unset it."),
        ("MKL_NUM_THREADS", "all", "MKL_NUM_THREADS is 'all', which is not a number of threads"),
        ("TF_NUM_INTRAOP_THREADS", "0", ""),
        ("TF_NUM_INTRAOP_THREADS", "1", "TF_NUM_INTRAOP_THREADS is 1, so only one of 4 cores"),
        ("KERAS_BACKEND", "jax", "BROKEN .*KERAS_BACKEND is 'jax', but skdl needs .* Unset it bef"),
        ("KERAS_BACKEND", "tensorflow", ""),
    ],
)
def test_variables(problems, monkeypatch, name, value, message):
    monkeypatch.setenv(name, value)
    found = problems()
    assert len(found) == bool(message)
    assert re.search(message, "".join(found)), found


def test_other_variables_are_nobodys_business(system, monkeypatch):
    for name in ("TF_VAR_password", "AWS_SECRET", "KERAS_TOKEN", "SKDL_KEY", "USER", "PATH"):
        monkeypatch.setenv(name, "a secret of mine")
    told = json.dumps(diagnose(tensorflow=False).as_dict())
    assert "secret of mine" not in told


def test_containers(problems, system, monkeypatch):
    system("sys/fs/cgroup/cpu.max", "max 100000")
    assert problems() == []
    system("sys/fs/cgroup/cpu.max", "")
    system("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "150000")
    system("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000")
    assert problems() == [
        "The container may use 1.5 of 4 cores, but libraries start one thread per core. → "
        "Set OMP_NUM_THREADS=2 and TF_NUM_INTRAOP_THREADS=2."
    ]
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
        monkeypatch.setenv(name, "2")
    assert problems() == []


def test_little_memory(problems, system):
    system("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712")  # there is none
    assert problems() == []
    system("sys/fs/cgroup/memory/memory.limit_in_bytes", "1000000000")
    (found,) = problems()
    assert found.startswith("There are 1.0 GB of memory left")
    system("proc/meminfo", "")
    system("sys/fs/cgroup/memory/memory.limit_in_bytes", "")
    assert problems() == []


def test_data_homes(problems, tmp_path, monkeypatch):
    home = tmp_path / "home"
    assert problems(data_home=home / "new") == [
        "SKDL_DATA_HOME is ~/new, which does not exist yet. → The first download creates it. If "
        "your data are elsewhere, correct the variable."
    ]
    assert not (home / "new").exists()
    (home / "file").write_text("")
    (found,) = problems(data_home=home / "file")
    assert found.startswith(
        "BROKEN Nothing can be written to the data home ~/file: it cannot be created"
    )
    (found,) = problems(data_home=home / "file" / "below")
    assert "~/file' is a file" in found
    (found,) = problems(data_home=home / ("a" * 5000))
    assert found.startswith("BROKEN The data home cannot be used: ")
    with pytest.raises(TypeError, match="data_home must be a path"):
        diagnose(tensorflow=False, data_home=3)
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 10**9}))
    (found,) = problems()
    assert found.startswith(
        "There are 1.0 GB left on the disk of the data home. → Free disk space."
    )
    assert os.listdir(home / "data") == []  # nor does a probe stay


def test_a_data_home_that_may_only_be_read(problems, tmp_path, monkeypatch):
    access = os.access
    home = str(tmp_path / "home" / "data")
    monkeypatch.setattr("os.access", lambda path, mode: str(path) != home and access(path, mode))
    (found,) = problems()
    assert found.startswith(
        "Nothing can be written to the data home ~/data: it cannot be written to"
    )
    assert "Existing files can be used, but nothing can be downloaded." in found


def test_what_downloads_left(problems, tmp_path):
    part = tmp_path / "home" / "data" / ".x.gz.1-a.part"
    part.write_text("")
    assert problems() == []  # it may be being written
    os.utime(part, (0, 0))
    (found,) = problems()
    assert found.startswith("1 file in the data home was left by an interrupted download.")


def test_no_folder_for_temporary_files(problems, monkeypatch):
    def fail():
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr("tempfile.gettempdir", fail)
    (found,) = problems()
    assert found.startswith("BROKEN There is no folder for temporary files: No usable temp")


def test_text_that_is_not_utf_8(problems, monkeypatch):
    monkeypatch.setattr("locale.getpreferredencoding", lambda do_setlocale: "ANSI_X3.4-1968")
    (found,) = problems()
    assert found.endswith(
        "so other characters are lost. → Set the environment variable PYTHONUTF8=1."
    )


def test_what_cannot_be_imported(tried, monkeypatch):
    failed = {"h5py": "ImportError: libhdf5.so", "skdl.estimators": "ImportError: libhdf5.so"}
    assert tried(failed=failed) == [
        "BROKEN h5py cannot be imported: ImportError: libhdf5.so → "
        "python -m pip install --force-reinstall h5py"
    ]
    assert tried(failed={"sklearn": "ImportError: x"})[0].endswith("reinstall scikit-learn")
    assert tried(failed={"skdl.estimators": "ImportError: x"})[0].endswith("reinstall skdl")
    (found,) = tried(failed={"running TensorFlow": "InternalError: x"})
    assert found.startswith("BROKEN TensorFlow does not run: InternalError: x")
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    (found,) = tried(failed=dict.fromkeys(["keras", "scikeras", "skdl.estimators"], "x"))
    assert "KERAS_BACKEND" in found


@pytest.mark.parametrize(
    ("libc", "advice"),
    [
        (
            ("glibc", "2.12"),
            "The C library, glibc 2.12, is too old: use a newer system, or a container.",
        ),
        (("", ""), "TensorFlow needs glibc, which this system does not have"),
    ],
)
def test_systems_that_tensorflow_is_not_made_for(tried, monkeypatch, libc, advice):
    monkeypatch.setattr("platform.libc_ver", lambda: libc)
    monkeypatch.setattr("platform.system", lambda: "Linux")
    (found,) = tried(failed={"tensorflow": "ImportError: x"})
    assert advice in found


def test_processes_that_end(tried):
    (found,) = tried(
        ended="The process that tests the libraries was ended by SIGILL, at tensorflow."
    )
    assert "The processor lacks instructions that the library needs" in found
    (found,) = tried(ended="The process that tests the libraries ended with status 3, at h5py.")
    assert found.endswith("→ Reinstall the library named there, in a new environment if necessary.")
    (found,) = tried(computes_float32=False)
    assert found.startswith("BROKEN TensorFlow computes a wrong product")


def test_graphics_cards_that_are_not_found(tried, system, monkeypatch):
    system("proc/driver/nvidia/version", "NVRM version: 555")
    (found,) = tried()
    assert 'finds no graphics card. → python -m pip install "tensorflow[and-cuda]"' in found
    assert tried(accelerators=[{"name": "H200", "compute_capability": [9, 0]}]) == []
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    (found,) = tried()
    assert found == (
        "The environment variable CUDA_VISIBLE_DEVICES is '-1', which hides graphics cards. → "
        "Unset it to use the card."
    )


def test_what_is_broken_comes_first(problems, monkeypatch, tmp_path):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    found = diagnose(tensorflow=False)
    assert [problem.broken for problem in found.problems] == [True, False]
    assert not found.ok
    text = str(found)
    assert text.isascii()
    assert "2 problems:\n\n1. BROKEN: The environment variable KER" in text
    assert max(map(len, text.splitlines())) < 80


def test_it_is_plain_json_that_names_nobody(system, tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("LD_PRELOAD", f"{tmp_path}/home/lib.so")
    diagnosis = diagnose(tensorflow=False)
    found = json.loads(json.dumps(diagnosis.as_dict()))
    assert found == diagnosis.as_dict()
    assert (found["schema"], found["ok"]) == (1, True)
    assert [sorted(problem) for problem in found["problems"]] == [["advice", "broken", "what"]]
    assert isinstance(diagnosis.problems[0], Problem)
    assert found["facts"]["variables"]["LD_PRELOAD"] == "~/lib.so"
    for text in (json.dumps(found), str(diagnosis)):
        assert str(tmp_path / "home") not in text


def test_no_tensorflow_without_asking(system):
    before = "tensorflow" in sys.modules
    diagnose(tensorflow=False)
    assert ("tensorflow" in sys.modules) == before
