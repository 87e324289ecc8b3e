"""The description of a network, and how to make the real thing of it."""

import threading
import weakref
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from skdl import plugins
from skdl.backbones import PlainState, check_params, label_of
from skdl.engine._backbone import Precision
from skdl.engine._body import Body, Cut
from skdl.engine._building import building
from skdl.engine._heads import Head, end_in, n_units
from skdl.engine._keys import builder_key, freeze, plain_text
from skdl.engine._losses import LossOptions, metrics_of, training_loss
from skdl.engine._private import refuse_empty_maps
from skdl.engine._seeding import python_random

_lock = threading.Lock()
# Variables that belong to a network, by identity: they compare by value.
_claimed: dict[int, weakref.ref[Any]] = {}


def _claim(variables: Sequence[Any]) -> bool:
    """Note that variables belong to a new network; False if one belongs to another already."""
    with _lock:
        for key in [key for key, known in _claimed.items() if known() is None]:
            del _claimed[key]
        owned = any(id(variable) in _claimed for variable in variables)
        _claimed.update((id(variable), weakref.ref(variable)) for variable in variables)
        return not owned


@dataclass(frozen=True)
class Recipe(PlainState):
    """Everything a network's structure depends on, in a form that can be pickled.

    Of a network on a backbone, `architecture` is the backbone's, `params` are those of its head,
    and what goes in are images, feature maps or features.
    """

    architecture: str | Callable[..., Any]  # a registered name, or an importable builder
    params: Mapping[str, Any] = field(hash=False)
    input_shape: tuple[int, int, int]
    # Classes, labels or numbers that come out; None where images do, and the builder takes none.
    n_classes: int | None
    precision: Precision = "float32"  # mixed where it is another: weights and outputs stay float32
    loss: str = "sparse_categorical_crossentropy"
    head: Head = "softmax"  # builders end in one; another takes its place
    on_backbone: Body | None = None
    # What changes a cross-entropy, see `LossOptions`.
    focal_gamma: float = 0.0
    label_smoothing: float = 0.0
    mixes: bool = False

    @property
    def body(self) -> Body:
        """The backbone of a network that is on one."""
        if self.on_backbone is None:
            raise TypeError(f"The network of architecture {self.label} is not on a backbone.")
        return self.on_backbone

    @property
    def compile_options(self) -> dict[str, Any]:
        """Loss and metrics, as ``keras.Model.compile`` takes them."""
        if self.n_classes is None:
            return {"loss": self.loss, "metrics": None}
        return {"loss": self.loss, "metrics": metrics_of(self.head, self.loss_options)}

    @property
    def training_loss(self) -> Any:
        """What is minimised, which also takes the weights and mixtures that training data have."""
        return training_loss(self.head, self.loss, self.n_classes, self.loss_options)

    @property
    def loss_options(self) -> LossOptions:
        """What changes the cross-entropy."""
        return LossOptions(self.focal_gamma, self.label_smoothing, self.mixes)

    @property
    def takes_codes(self) -> bool:
        """Whether targets are the codes of exclusive classes."""
        return self.head in ("softmax", "ordinal")

    @property
    def n_units(self) -> int | None:
        """Classes that a builder is asked for."""
        return None if self.n_classes is None else n_units(self.head, self.n_classes)

    @property
    def label(self) -> str:
        """What error messages call the architecture."""
        return label_of(self.architecture)

    @property
    def builder(self) -> Callable[..., Any]:
        if isinstance(self.architecture, str):
            return plugins.architectures.get(self.architecture)
        return self.architecture

    @property
    def key(self) -> Hashable | None:
        """Key of the structure, None if a parameter cannot be part of a key."""
        ends = self.n_classes, self.loss, self.head, self.loss_options
        rest = (self.input_shape, self.precision, ends)
        try:
            maker = builder_key(self.builder) if self.on_backbone is None else self.body.key
            return None if maker is None else (maker, freeze(self.params), rest)
        except TypeError:
            return None

    def cut_at(self, cut: Cut) -> "Recipe":
        """The network with another part of its backbone frozen."""
        return replace(self, on_backbone=self.body.cut_at(cut))

    def fixed_variables(self, model: keras.Model) -> list[Any]:
        """Variables that start with the values they are built with, whatever the seed."""
        return [] if self.on_backbone is None else self.on_backbone.fixed_variables(model)

    def rate_factors(self, model: keras.Model) -> list[float] | None:
        """What the learning rate is multiplied by, for each trainable variable; None for ones."""
        return None if self.on_backbone is None else self.on_backbone.rate_factors(model)

    def check_params(self) -> None:
        """Refuse parameters the builder does not take."""
        label, inputs = f"Architecture {self.label}", ["input_shape", "n_classes"]
        check_params(self.builder, self.params, label, "architecture__", inputs)

    def build(self, seed: int | None = None) -> keras.Model:
        """Build the network; ValueError if its builder does not return a new classifier.

        The seed is that of whatever draws from Python's global generator meanwhile, as Keras's
        initialisers do; its state stays as it was.
        """
        if self.on_backbone is None:  # otherwise the estimator has
            self.check_params()
        with python_random(seed), building(self.precision):
            purpose = f"images of shape {self.input_shape}"
            if self.n_classes is not None:
                outputs = "classes" if self.takes_codes else "outputs"
                purpose += f" and {self.n_classes} {outputs}"
            try:
                model = self._built()
                if isinstance(model, keras.Model):
                    refuse_empty_maps(model)
            except Exception as error:
                raise ValueError(
                    f"Architecture {self.label} could not be built for {purpose} with "
                    f"parameters {dict(self.params)}: {plain_text(error)}"
                ) from error
            self._check_model(model)
            if self.precision != "float32" and model.layers:
                model.layers[-1].dtype_policy = "float32"  # the softmax
            is_known = self._says_what_comes_out(model)
            if not is_known:
                self._check_output(self._probe(model))
            if self.head != "softmax" and self.on_backbone is None:
                model = self._change_end(model, is_known)
        if not model.variables:
            raise ValueError(f"Architecture {self.label} returned a model without weights.")
        if not _claim(model.variables):
            raise ValueError(
                f"Architecture {self.label} returned a network that shares weights with one it "
                "returned before: what one fold learns would leak into the next. Create all "
                "layers inside the builder."
            )
        return model

    def parts(self) -> tuple[keras.Model, keras.Model | None]:
        """What is behind the frozen prefix, and the whole backbone that shares its layers."""
        n_classes = self.n_classes or 0  # which networks on backbones have
        return self.body.parts(
            self.input_shape, n_classes, self.precision, self.head, **self.params
        )

    def _built(self) -> Any:
        if self.on_backbone is not None:
            return self.parts()[0]
        classes = () if self.n_units is None else (self.n_units,)
        return self.builder(self.input_shape, *classes, **self.params)

    def _check_model(self, model: Any) -> None:
        if not isinstance(model, keras.Model):
            raise ValueError(
                f"Architecture {self.label} returned an object of type {type(model).__name__}; "
                "expected a keras.Model."
            )
        if model.compiled:
            raise ValueError(
                f"Architecture {self.label} returned a compiled model; expected a new, uncompiled "
                "model each time, because optimizer and loss are parameters of the estimator."
            )

    def _says_what_comes_out(self, model: keras.Model) -> bool:
        """Whether it is known what the model gives, without a look at it.

        TensorFlow's first operations take as long as building a small network.
        """
        if self.on_backbone is not None or self.n_classes is None:
            return True  # the builders are skdl's own
        if not (model.built and model.layers):
            return False
        last = model.layers[-1]
        if getattr(last, "activation", None) is not keras.activations.softmax:
            return False
        # A subclassed model has neither.
        inputs, outputs = (getattr(model, name, None) or () for name in ("inputs", "outputs"))
        shapes = [tuple(tensor.shape) for tensor in (*inputs, *outputs)]
        fits = shapes == [(None, *self.input_shape), (None, self.n_units)]
        return fits and model.outputs[0] is last.output

    def _change_end(self, model: keras.Model, is_known: bool) -> keras.Model:
        if not is_known:
            raise ValueError(
                f"Architecture {self.label} does not end in a layer with activation='softmax', so "
                "it can only be trained on exclusive classes. For other targets, skdl replaces "
                f"the softmax with a {'linear' if self.head == 'ordinal' else self.head} "
                "activation: end the builder in keras.layers.Dense(n_classes, "
                "activation='softmax')."
            )
        return end_in(model, self.head, self.n_classes or 0)

    def _probe(self, model: keras.Model) -> npt.NDArray[Any]:
        """What comes out for two images; builds a subclassed model that is not built yet."""
        images = np.random.default_rng(0).random((2, *self.input_shape), dtype=np.float32)
        try:
            return np.asarray(model(images, training=False))
        except Exception as error:
            raise ValueError(
                f"Architecture {self.label} returned a model that does not accept a batch of "
                f"images of shape {self.input_shape}: {plain_text(error)}"
            ) from error

    def _check_output(self, output: npt.NDArray[Any]) -> None:
        if output.shape != (2, self.n_units):
            raise ValueError(
                f"Architecture {self.label} maps 2 images to an output of shape {output.shape}; "
                f"expected (2, {self.n_units}), one probability per class."
            )
        if (output < 0).any() or not np.allclose(output.sum(axis=1), 1, atol=1e-3):
            raise ValueError(
                f"Architecture {self.label} does not return probabilities: its outputs sum to "
                f"{output.sum(axis=1)[0]:.3g}, expected 1. End it with a softmax."
            )
