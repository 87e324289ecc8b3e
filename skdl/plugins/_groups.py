"""The registries of skdl, and the decorators that add to them."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from skdl.plugins._own import ARCHITECTURES, BACKBONES, DATASETS, DECODERS
from skdl.plugins._registry import Registry

Builder = TypeVar("Builder", bound=Callable[..., Any])

architectures = Registry("skdl.architectures", "architecture", ARCHITECTURES)
backbones = Registry("skdl.backbones", "backbone", BACKBONES)
datasets = Registry("skdl.datasets", "data set", DATASETS)
decoders = Registry("skdl.decoders", "decoder", DECODERS)

REGISTRIES = {
    "architectures": architectures,
    "backbones": backbones,
    "datasets": datasets,
    "decoders": decoders,
}


def _decorator(registry: Registry, name: str, function: str) -> Callable[[Builder], Builder]:
    if not isinstance(name, str):
        raise TypeError(
            f"{function} needs the name of the {registry.noun}: write "
            f'@{function}("name") above the function.'
        )

    def decorator(target: Builder) -> Builder:
        registry.register(name, target)
        return target

    return decorator


def register_architecture(name: str) -> Callable[[Builder], Builder]:
    """Register a network builder under a name that `CNNClassifier` accepts.

    Parameters
    ----------
    name : str
        The name users write: ``CNNClassifier(architecture=name)``.

    Returns
    -------
    decorator : callable
        Returns the builder unchanged. A builder is a function
        ``(input_shape, n_classes, **params) -> keras.Model`` at the top level of a module; the
        model ends in a softmax of `n_classes` units and is not compiled.

    Raises
    ------
    ValueError
        If the name is taken, or the builder is a lambda or a local function.
    TypeError
        If the decorator is used without a name.

    Examples
    --------
    >>> from skdl import list_architectures
    >>> list_architectures("sim*")
    ['simple']
    """
    return _decorator(architectures, name, "register_architecture")


def register_backbone(name: str) -> Callable[[Builder], Builder]:
    """Register a backbone under a name.

    Parameters
    ----------
    name : str
        The name that ``skdl list backbones`` prints.

    Returns
    -------
    decorator : callable
        Returns the builder unchanged. A builder is a function ``(input_shape, **params) ->
        keras.Model`` at the top level of a module, decorated with
        ``skdl.backbones.declare_backbone``; :func:`skdl.testing.check_backbone` checks that it
        does what it declares.

    Raises
    ------
    ValueError, TypeError
        As in :func:`register_architecture`.

    Examples
    --------
    >>> import keras
    >>> from skdl.backbones import Backbone, Preprocessing, declare_backbone
    >>> from skdl.plugins import backbones, register_backbone
    >>> @register_backbone("backbone-of-an-example")
    ... @declare_backbone(Backbone(Preprocessing(), {"edges": 8}, min_size=8))
    ... def edges(input_shape):
    ...     inputs = keras.Input(input_shape)
    ...     return keras.Model(inputs, keras.layers.Conv2D(8, 3, name="edges")(inputs))
    >>> backbones.get("backbone-of-an-example") is edges
    True
    """
    return _decorator(backbones, name, "register_backbone")


def register_dataset(name: str) -> Callable[[Builder], Builder]:
    """Register a loader of a data set under a name.

    Parameters
    ----------
    name : str
        The name that ``skdl list datasets`` prints.

    Returns
    -------
    decorator : callable
        Returns the loader unchanged. A loader is a function at the top level of a module with
        keyword parameters only, including `return_X_y`. It returns a ``sklearn.utils.Bunch`` with
        `data`, `target`, `target_names` and `DESCR`, or the pair of images and labels.
        :func:`skdl.testing.check_dataset` checks that.

    Raises
    ------
    ValueError, TypeError
        As in :func:`register_architecture`.

    Examples
    --------
    >>> from skdl.plugins import datasets, register_dataset
    >>> from sklearn.datasets import load_digits
    >>> register_dataset("digits-of-an-example")(load_digits) is load_digits
    True
    >>> "digits-of-an-example" in datasets.names()
    True
    """
    return _decorator(datasets, name, "register_dataset")


def register_decoder(name: str) -> Callable[[Builder], Builder]:
    """Register a decoder of image files under a name.

    Files with its endings then count as images wherever paths are accepted: in estimators,
    ``ImageLoader``, ``load_image_folder`` and ``audit_images``.

    Parameters
    ----------
    name : str
        The name that ``skdl list decoders`` prints.

    Returns
    -------
    decorator : callable
        Returns the decoder unchanged: a subclass of :class:`skdl.images.Decoder` at the top level
        of a module. :func:`skdl.testing.check_decoder` checks that it follows the rules.

    Raises
    ------
    ValueError, TypeError
        As in :func:`register_architecture`.

    Notes
    -----
    Worker processes, such as those of ``n_jobs=2``, do not know a decoder that is registered in
    code that they have not run. In a package, declare an entry point of the group
    ``skdl.decoders`` instead.

    Examples
    --------
    >>> from skdl.plugins import decoders
    >>> "dicom" in decoders.names()
    True
    """
    return _decorator(decoders, name, "register_decoder")


def reference_protocol(**params: Any) -> Callable[[Builder], Builder]:
    """State how a network is usually trained.

    ``CNNClassifier.from_protocol`` uses these parameters.

    Parameters
    ----------
    **params : dict
        Parameters of the estimator, such as ``optimizer="sgd"``, ``optimizer__learning_rate=0.1``
        or ``epochs=50``.

    Returns
    -------
    decorator : callable
        Returns the builder, with the parameters as its attribute `reference_protocol`.

    Examples
    --------
    >>> from skdl.plugins import architectures
    >>> architectures.get("lenet5").reference_protocol["batch_size"]
    128
    """

    def decorator(builder: Builder) -> Builder:
        protocol: Mapping[str, Any] = dict(params)
        builder.reference_protocol = protocol  # type: ignore[attr-defined]
        return builder

    return decorator


def list_architectures(pattern: str = "*") -> list[str]:
    """List the names of the registered architectures.

    Parameters
    ----------
    pattern : str, default="*"
        Shell-style pattern, such as ``"res*"``.

    Returns
    -------
    names : list of str
        Sorted names.

    Examples
    --------
    >>> from skdl import list_architectures
    >>> "simple" in list_architectures()
    True
    """
    return architectures.names(pattern)
