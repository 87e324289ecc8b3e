"""Processor, cores, memory and system: what the system tells, and what a container allows."""

import locale
import os
import platform
import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import joblib

from skdl._utils.environment import processor
from skdl.diagnosis._shown import tidy

_SYSTEM = Path("/")  # below which the files lie that Linux writes
_BFLOAT16 = {"avx512_bf16", "amx_bf16", "bf16"}  # flags of x86 and ARM processors
# What libraries of computation mind. Of all others, such as TF_VAR_password, which is Terraform's,
# nothing is told.
_VARIABLES = re.compile(
    r"(OMP|MKL|OPENBLAS|BLIS|VECLIB|NUMEXPR|LOKY|JOBLIB|KMP)_\w+|"
    r"TF_(CPP|CUDNN|DETERMINISTIC|DISABLE|ENABLE|FORCE|GPU|NUM|USE|XLA)_\w+|"
    r"XLA_FLAGS|KERAS_BACKEND|KERAS_HOME|CUDA_VISIBLE_DEVICES|SKDL_DATA_HOME|"
    r"LD_PRELOAD|PYTHONUTF8|PYTHONIOENCODING|LANG|LC_ALL"
)


def system() -> dict[str, Any]:
    """Operating system, C library and encodings."""
    return {
        "name": platform.system(),
        "release": platform.release(),
        "machine": platform.machine(),
        "libc": " ".join(platform.libc_ver()).strip() or None,
        "encoding": locale.getpreferredencoding(False),
        "file_encoding": sys.getfilesystemencoding(),
    }


def cores() -> dict[str, Any]:
    """How many there are, and how many this process may use."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    return {
        "processor": processor(),
        "there": os.cpu_count(),
        "usable": joblib.cpu_count(),
        "affinity": affinity,
        "container": _container_cores(),
    }


def memory() -> dict[str, Any]:
    """Bytes that there are, that are free, and that a container allows; None if unknown."""
    told = {}
    for line in _read("proc/meminfo").splitlines():
        name, _, amount = line.partition(":")
        if amount.strip().endswith("kB"):
            told[name] = int(amount.split()[0]) * 1024
    total = told.get("MemTotal")
    if total is None:
        with suppress(AttributeError, ValueError, OSError):  # there is no sysconf on Windows
            total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = _number("sys/fs/cgroup/memory.max", "sys/fs/cgroup/memory/memory.limit_in_bytes")
    if limit is not None and total is not None and limit >= total:
        limit = None  # version 1 says so where there is none
    return {"total": total, "available": told.get("MemAvailable"), "container": limit}


def processor_has_bfloat16() -> bool | None:
    """Whether the processor computes with bfloat16; None if it does not say."""
    flags = re.findall(r"^(?:flags|Features)\s*:(.*)$", _read("proc/cpuinfo"), re.MULTILINE)
    return not _BFLOAT16.isdisjoint(flags[0].split()) if flags else None


def has_nvidia_driver() -> bool:
    """Whether the driver of a graphics card runs, whatever TensorFlow finds."""
    return bool(_read("proc/driver/nvidia/version"))


def variables() -> dict[str, str]:
    """Environment variables that libraries of computation mind."""
    minded = filter(_VARIABLES.fullmatch, sorted(os.environ))
    return {name: tidy(os.environ[name]) for name in minded}


def _container_cores() -> float | None:
    quota, _, period = _read("sys/fs/cgroup/cpu.max").strip().partition(" ")
    if not period:
        quota = _read("sys/fs/cgroup/cpu/cpu.cfs_quota_us").strip()
        period = _read("sys/fs/cgroup/cpu/cpu.cfs_period_us").strip()
    if quota.isdigit() and period.isdigit() and int(period):
        return round(int(quota) / int(period), 2)
    return None


def _number(*names: str) -> int | None:
    texts = (_read(name).strip() for name in names)
    return next((int(text) for text in texts if text.isdigit()), None)


def _read(name: str) -> str:
    try:
        return (_SYSTEM / name).read_text(errors="replace")
    except OSError:
        return ""
