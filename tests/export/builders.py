"""Networks of users, with layers of many kinds: importable, as builders are."""

import keras
from keras import layers, ops

from skdl.backbones import Backbone, Preprocessing, declare_backbone

ACTIVATIONS = (
    *("celu", "elu", "exponential", "gelu", "hard_shrink", "hard_sigmoid", "hard_silu"),
    *("hard_tanh", "leaky_relu", "linear", "log_sigmoid", "log_softmax", "mish", "relu", "relu6"),
    *("selu", "sigmoid", "silu", "soft_shrink", "softmax", "softplus", "softsign", "sparse_plus"),
    *("squareplus", "tanh", "tanh_shrink"),
)
"""Of Keras 3.7; older ones lack some."""


def _scattered(name):
    """Start values that are no constants, so that what they do is seen."""
    return keras.initializers.RandomUniform(0.5, 2, seed=len(name))


def activations(input_shape, n_classes):
    """Each activation on its share of the channels."""
    inputs = keras.Input(input_shape)
    x = layers.Conv2D(8, 3, padding="same")(inputs)
    known = [name for name in ACTIVATIONS if hasattr(keras.activations, name)]
    parts = [layers.Activation(name)(layers.Conv2D(4, 1)(x)) for name in known]
    parts.append(layers.ReLU(max_value=2.0, negative_slope=0.1, threshold=0.3)(x))
    parts.append(layers.PReLU(alpha_initializer=_scattered("prelu"))(x))
    parts.append(layers.Activation(approximate_gelu)(x))
    x = layers.GlobalAveragePooling2D()(layers.Concatenate()(parts))
    return keras.Model(inputs, layers.Dense(n_classes, activation="softmax")(x))


def approximate_gelu(x):
    return keras.activations.gelu(x, approximate=True)


def windows(input_shape, n_classes):
    """Convolutions and poolings of all kinds, on sides that their steps do not divide."""
    inputs = keras.Input(input_shape)
    x = layers.Conv2D(8, (3, 2), strides=(1, 2), padding="same", use_bias=False)(inputs)
    x = layers.ZeroPadding2D(((1, 2), (0, 3)))(x)
    x = layers.DepthwiseConv2D(3, strides=2, padding="same", depth_multiplier=2)(x)
    x = layers.SeparableConv2D(8, 3, padding="same", activation="relu")(x)
    x = layers.Conv2D(8, 3, groups=2, padding="same")(x)
    holes = [layers.Conv2D(4, 3, dilation_rate=(2, 3), padding="same")(x)]
    holes.append(layers.DepthwiseConv2D(3, dilation_rate=2, padding="same")(x))
    holes.append(
        layers.Cropping2D(1)(layers.Conv2D(4, 2, dilation_rate=2)(layers.ZeroPadding2D(2)(x)))
    )
    x = layers.Concatenate()(holes)
    up = [layers.Conv2DTranspose(4, 3, strides=2, padding="same")(x)]
    up.append(layers.Conv2DTranspose(4, 2, strides=2)(x))
    up.append(layers.UpSampling2D(2)(x))
    up.append(layers.UpSampling2D(2, interpolation="bilinear")(x))
    x = layers.Concatenate()(up)
    x = layers.Resizing(9, 7)(x)
    pools = [
        layers.MaxPooling2D(3, 2, padding="same")(x),
        layers.MaxPooling2D(2, padding="same")(x),
    ]
    pools.append(layers.AveragePooling2D(3, 2, padding="same")(x))
    pools = [layers.CenterCrop(4, 3)(pool) for pool in pools]
    x = layers.Flatten()(layers.Concatenate()(pools))
    return keras.Model(inputs, layers.Dense(n_classes, activation="softmax")(x))


def normalisations(input_shape, n_classes):
    inputs = keras.Input(input_shape)
    x = layers.Rescaling(2.0, -1.0)(inputs)
    x = layers.Normalization(mean=[0.3] * input_shape[2], variance=[0.2] * input_shape[2])(x)
    x = layers.Conv2D(8, 3, padding="same")(x)
    kinds = {
        "gamma_initializer": _scattered("gamma"),
        "beta_initializer": _scattered("beta"),
    }
    moving = {
        "moving_mean_initializer": _scattered("mean"),
        "moving_variance_initializer": _scattered("variance"),
    }
    parts = [layers.BatchNormalization(**kinds, **moving)(x)]
    parts.append(layers.BatchNormalization(axis=1, **kinds, **moving)(x))
    parts.append(layers.LayerNormalization(**kinds)(x))
    parts.append(layers.LayerNormalization(axis=[1, 2, 3])(x))
    parts.append(layers.GroupNormalization(4, **kinds)(x))
    parts.append(layers.UnitNormalization()(x))
    x = layers.GlobalMaxPooling2D()(layers.SpatialDropout2D(0.3)(layers.Concatenate()(parts)))
    x = layers.BatchNormalization(**kinds, **moving)(layers.GaussianNoise(0.1)(x))
    return keras.Model(inputs, layers.Dense(n_classes, activation="softmax")(x))


def shapes(input_shape, n_classes):
    """Layers that move values, on maps with channels last and with channels first."""
    inputs = keras.Input(input_shape)
    gathered = [moved(inputs), moved(layers.Conv2D(4, 1)(inputs))]
    x = layers.Concatenate()([layers.Flatten()(part) for part in gathered])
    return keras.Model(inputs, layers.Dense(n_classes, activation="softmax")(x))


def moved(x):
    width, channels = x.shape[2:]
    x = layers.RandomFlip()(x)
    x = layers.Concatenate(axis=1)([x, ops.flip(x, axis=2)])
    x = layers.Concatenate(axis=3)([x, ops.take(x, [0, channels - 1], axis=-1)])
    x = ops.where(x > 0.5, x, ops.maximum(-x, -0.25))
    turned = layers.Permute((3, 1, 2))(x)
    rows = layers.Reshape((-1, width))(turned)
    rows = ops.swapaxes(rows, 1, 2)[:, ::-2, 1:, None]
    rows = ops.squeeze(rows, axis=3)
    first, second = ops.split(x, 2, axis=1)
    stacked = ops.mean(ops.stack([first, 2 * second], axis=4), axis=(3, 4))
    padded = ops.pad(stacked, ((0, 0), (1, 1), (2, 0)), mode="reflect")
    size = 4 * padded.shape[1] * padded.shape[2]  # which older Keras does not know of tiles
    repeated = layers.Reshape((size,))(ops.tile(padded, (1, 2, 2)))
    summed = ops.sum(ops.square(x), axis=(1, 2), keepdims=True) + ops.min(x, axis=-1, keepdims=True)
    spread = ops.std(x, axis=(1, 2))
    product = ops.einsum("nhwc,nhwd->ncd", x, x)
    ends = [rows, repeated, summed, product]
    dense = layers.Dense(3, activation="tanh")(x)
    return layers.Concatenate()([spread, *(layers.Flatten()(end) for end in (*ends, dense))])


def attention(input_shape, n_classes):
    """A small transformer on patches, with a gate of channels before it."""
    inputs = keras.Input(input_shape)
    x = layers.Conv2D(8, 2, strides=2, activation="silu")(inputs)
    gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    gate = layers.Conv2D(8, 1, activation="sigmoid")(layers.Reshape((1, 1, 8))(gate))
    x = layers.Multiply()([x, gate])
    x = layers.Reshape((-1, 8))(x)
    normal = layers.LayerNormalization()(x)
    x = layers.Add()([x, layers.MultiHeadAttention(2, 4)(normal, normal)])
    x = layers.GlobalAveragePooling1D()(layers.Dense(8, activation="gelu")(x))
    return keras.Model(inputs, layers.Dense(n_classes, activation="softmax")(x))


def subclassed(input_shape, n_classes):
    model = Subclassed(n_classes)
    model(ops.zeros((1, *input_shape)))
    return model


class Subclassed(keras.Model):
    """A network that is no graph of layers."""

    def __init__(self, n_classes):
        super().__init__()
        self.maps = layers.Conv2D(4, 3, activation="relu")
        self.classes = layers.Dense(n_classes, activation="softmax")

    def call(self, inputs):
        x = self.maps(inputs)
        return self.classes(ops.max(x, axis=(1, 2)) - ops.mean(x, axis=(1, 2)))


def unknown(input_shape, n_classes):
    """Has an operation that ONNX has not."""
    import tensorflow as tf

    inputs = keras.Input(input_shape)
    x = layers.Lambda(tf.math.digamma, output_shape=input_shape)(layers.Rescaling(1.0, 1.0)(inputs))
    x = layers.Dense(n_classes, activation="softmax")(layers.Flatten()(x))
    return keras.Model(inputs, x)


@declare_backbone(Backbone(Preprocessing(), {"pixels": 3}, min_size=1))
def pixels(input_shape):
    """Gives the pixels that it gets."""
    inputs = keras.Input(input_shape)
    weightless = layers.DepthwiseConv2D(1, use_bias=False, depthwise_initializer="ones")(inputs)
    return keras.Model(inputs, layers.Identity(name="pixels")(weightless))


@declare_backbone(Backbone(Preprocessing(), {"maps": 3}, min_size=1))
def unknown_maps(input_shape):
    """A backbone that has an operation that ONNX has not."""
    import tensorflow as tf

    inputs = keras.Input(input_shape)
    x = layers.Lambda(tf.math.digamma, output_shape=input_shape)(layers.Rescaling(1.0, 1.0)(inputs))
    return keras.Model(inputs, layers.Identity(name="maps")(x))
