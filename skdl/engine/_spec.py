"""Plain descriptions of a network and of an optimizer, and how to make the real thing of them."""

import inspect
import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import cloudpickle
import keras
import numpy as np
import numpy.typing as npt

from skdl import plugins
from skdl._utils.text import shortened
from skdl.engine._building import building, keras_settings
from skdl.engine._ownership import claim
from skdl.engine._seeding import python_random


def freeze(value: Any) -> Hashable:
    """Turn parameters into a key.

    Values that are equal in Python but not alike (``1``, ``1.0``, ``True``) get different keys.

    Raises
    ------
    TypeError
        If a value is neither a plain container nor hashable.
    """
    if isinstance(value, Mapping):
        return ("map", tuple(sorted((str(k), freeze(v)) for k, v in value.items())))
    if isinstance(value, list | tuple):
        return (type(value).__name__, tuple(freeze(item) for item in value))
    if isinstance(value, np.ndarray):
        return ("array", value.shape, value.dtype.str, value.tobytes())
    hash(value)
    return (type(value), value)


def builder_key(builder: Callable[..., Any]) -> Hashable:
    """The builder itself; for one of a script or notebook its code.

    Such a builder comes into a worker process by value, as another object with each task.
    """
    if getattr(builder, "__module__", None) != "__main__":
        return builder
    try:
        return bytes(cloudpickle.dumps(builder))
    except Exception:  # something that cannot be pickled, and so stays in this process
        return builder


def plain_text(error: Exception) -> str:
    """An error's message, without the codes for bold print that Keras puts in."""
    return re.sub(r"\x1b\[[0-9;]*m", "", str(error))


@dataclass(frozen=True)
class ModelSpec:
    """Everything a network's structure depends on, in a form that can be pickled.

    Parameters
    ----------
    architecture : str or callable
        A registered name, or an importable builder.
    params : dict
        Keyword arguments of the builder.
    input_shape : (height, width, channels)
    n_classes : int
    precision : {"float32", "bfloat16"}, default="float32"
        "bfloat16" computes in mixed precision: weights and outputs stay float32.
    """

    architecture: str | Callable[..., Any]
    params: Mapping[str, Any] = field(hash=False)
    input_shape: tuple[int, int, int]
    n_classes: int
    precision: Literal["float32", "bfloat16"] = "float32"

    @property
    def compile_options(self) -> dict[str, Any]:
        """Loss and metrics, as ``keras.Model.compile`` takes them."""
        return {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]}

    @property
    def label(self) -> str:
        """What error messages call the architecture."""
        if isinstance(self.architecture, str):
            return repr(self.architecture)
        return repr(getattr(self.architecture, "__qualname__", self.architecture))

    @property
    def builder(self) -> Callable[..., Any]:
        if isinstance(self.architecture, str):
            return plugins.architectures.get(self.architecture)
        return self.architecture

    @property
    def key(self) -> Hashable | None:
        """Key of the structure, None if a parameter cannot be part of a key."""
        try:
            params = freeze(self.params)
            builder = builder_key(self.builder)
            return (builder, params, self.input_shape, self.n_classes, self.precision)
        except TypeError:
            return None

    def fixed_variables(self, model: keras.Model) -> list[Any]:
        """Variables that start with the values they are built with, whatever the seed."""
        return []

    def rate_factors(self, model: keras.Model) -> list[float] | None:
        """What the learning rate is multiplied by, for each trainable variable; None for ones."""
        return None

    def check_params(self) -> None:
        """Refuse parameters the builder does not take.

        Raises
        ------
        ValueError
            Naming the parameter as the user wrote it, and the known ones.
        """
        signature = inspect.signature(self.builder)
        if any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values()):
            return
        known = [name for name in signature.parameters if name not in ("input_shape", "n_classes")]
        unknown = [name for name in self.params if name not in known]
        if unknown:
            raise ValueError(
                f"Architecture {self.label} has no parameter {shortened(unknown[0])}, set as "
                f"architecture__{unknown[0]}={shortened(self.params[unknown[0]])}. Its parameters: "
                f"{', '.join(known) or 'none'}."
            )

    def build(self, seed: int | None = None) -> keras.Model:
        """Build the network, without touching Python's global random state.

        Parameters
        ----------
        seed : int, default=None
            Seeds whatever draws from Python's global generator while building, as Keras's
            initialisers do.

        Raises
        ------
        ValueError
            If the builder fails, or what it returns is no uncompiled classifier, or shares weights
            with a network that it returned before.
        """
        self.check_params()
        with python_random(seed), building(self.precision):
            try:
                model = self._call_builder()
            except Exception as error:
                raise ValueError(
                    f"Architecture {self.label} could not be built for {self._purpose} with "
                    f"parameters {dict(self.params)}: {plain_text(error)}"
                ) from error
            self._check_model(model)
            if self.precision != "float32" and model.layers:
                model.layers[-1].dtype_policy = "float32"  # the softmax
            if not self._says_what_comes_out(model):
                self._check_output(self._probe(model))
        if not model.variables:
            raise ValueError(f"Architecture {self.label} returned a model without weights.")
        if not claim(model.variables):
            raise ValueError(
                f"Architecture {self.label} returned a network that shares weights with one it "
                "returned before: what one fold learns would reach the next. Make all layers "
                "inside the builder."
            )
        return model

    @property
    def _purpose(self) -> str:
        return f"images of shape {self.input_shape} and {self.n_classes} classes"

    def _call_builder(self) -> Any:
        return self.builder(self.input_shape, self.n_classes, **self.params)

    def _check_model(self, model: Any) -> None:
        if not isinstance(model, keras.Model):
            raise ValueError(
                f"Architecture {self.label} returned an object of type {type(model).__name__}; "
                "expected a keras.Model."
            )
        if model.compiled:
            raise ValueError(
                f"Architecture {self.label} returned a compiled model; expected a new, uncompiled "
                "one each time: optimizer and loss are the estimator's parameters."
            )

    def _says_what_comes_out(self, model: keras.Model) -> bool:
        """Whether the model's own description promises what is wanted, without a look at it.

        TensorFlow's first operations take as long as building a small network.
        """
        if not (model.built and model.layers):
            return False
        last = model.layers[-1]
        if getattr(last, "activation", None) is not keras.activations.softmax:
            return False
        shapes = [tuple(t.shape) for t in (*(model.inputs or ()), *(model.outputs or ()))]
        fits = shapes == [(None, *self.input_shape), (None, self.n_classes)]
        return fits and model.outputs[0] is last.output

    def _probe(self, model: keras.Model) -> npt.NDArray[Any]:
        """What comes out for two images; builds a subclassed model that is not built yet."""
        images = np.random.default_rng(0).random((2, *self.input_shape), dtype=np.float32)
        try:
            return np.asarray(model(images, training=False))
        except Exception as error:
            raise ValueError(
                f"Architecture {self.label} returned a model that does not take a batch of images "
                f"of shape {self.input_shape}: {plain_text(error)}"
            ) from error

    def _check_output(self, output: npt.NDArray[Any]) -> None:
        if output.shape != (2, self.n_classes):
            raise ValueError(
                f"Architecture {self.label} maps 2 images to an output of shape {output.shape}; "
                f"expected (2, {self.n_classes}), one probability per class."
            )
        if (output < 0).any() or not np.allclose(output.sum(axis=1), 1, atol=1e-3):
            raise ValueError(
                f"Architecture {self.label} does not give probabilities: its outputs sum to "
                f"{output.sum(axis=1)[0]:.3g}, expected 1. End it in a softmax."
            )


@dataclass(frozen=True)
class ImageMapSpec(ModelSpec):
    """A network that maps images to images, or to anything else that is no class.

    Its builder takes the input shape and the parameters; `n_classes` is 0.

    Parameters
    ----------
    loss : str, default="mse"
        Name of a Keras loss.
    """

    n_classes: int = 0
    loss: str = "mse"

    @property
    def compile_options(self) -> dict[str, Any]:
        return {"loss": self.loss}

    @property
    def key(self) -> Hashable | None:
        key = super().key
        return None if key is None else (type(self), key, self.loss)

    @property
    def _purpose(self) -> str:
        return f"images of shape {self.input_shape}"

    def _call_builder(self) -> Any:
        return self.builder(self.input_shape, **self.params)

    def _says_what_comes_out(self, model: keras.Model) -> bool:
        return True  # the builders are skdl's own


@dataclass(frozen=True)
class OptimizerSpec:
    """An optimizer's class and settings.

    The learning rate stands apart: it is a variable, so that optimizers which differ in nothing
    else can share one compiled model.

    Parameters
    ----------
    cls : type
        A subclass of ``keras.optimizers.Optimizer``.
    config : dict
        As ``get_config`` returns it.
    """

    cls: type
    config: Mapping[str, Any] = field(hash=False)

    @classmethod
    def of(cls, optimizer: keras.optimizers.Optimizer) -> "OptimizerSpec":
        """Describe an optimizer that a user configured; the instance itself is never trained."""
        config = optimizer.get_config()
        config.pop("name", None)  # counted up by Keras with every instance: "adam_7"
        return cls(type(optimizer), config)

    @classmethod
    def made_by(cls, make: Callable[[], keras.optimizers.Optimizer]) -> "OptimizerSpec":
        """Describe the optimizer that a function makes, whatever Keras's settings are."""
        with keras_settings():
            return cls.of(make())

    @property
    def learning_rate(self) -> float | None:
        """Constant learning rate; None where it is a Keras schedule."""
        rate = self.config.get("learning_rate")
        return float(rate) if isinstance(rate, int | float) else None

    @property
    def key(self) -> Hashable | None:
        settings = dict(self.config)
        if self.learning_rate is not None:
            settings.pop("learning_rate")
        try:
            return (self.cls, freeze(settings))
        except TypeError:
            return None

    def make(self) -> keras.optimizers.Optimizer:
        return self.cls.from_config(dict(self.config))  # type: ignore[attr-defined]
