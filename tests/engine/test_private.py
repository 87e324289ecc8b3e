"""Private names of Keras and TensorFlow: which of them a new version broke."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from skdl.engine import _private as private


def network():
    image = keras.Input((4, 4, 2), name="image")
    maps = layers.Conv2D(3, 3, padding="same", name="conv")(image)
    inside = keras.Sequential([keras.Input((4, 4, 3)), layers.BatchNormalization(name="norm")])
    pooled = layers.GlobalAveragePooling2D(name="pool")(layers.Add()([inside(maps), maps]))
    return keras.Model(image, layers.Dense(2, activation="softmax", name="dense")(pooled))


def compiled(**options):
    model = network()
    model.compile("adam", "sparse_categorical_crossentropy", **options)
    return model


def layers_inside_layers():
    model = network()
    found = private.all_layers(model)
    assert {"image", "conv", "norm", "pool", "dense"} <= {layer.name for layer in found}
    assert model in found


def a_functional_model():
    assert type(network()) is private.Functional
    assert type(keras.Sequential()) is not private.Functional


def places_of_use():
    model = network()
    assert all(map(private.is_used_once, model.layers))
    shared = model.get_layer("conv")
    shared(keras.Input((4, 4, 2)))
    assert not private.is_used_once(shared)


def where_outputs_go():
    model = network()
    assert private.consumers(model.get_layer("pool")) == [model.get_layer("dense")]
    assert len(private.consumers(model.get_layer("conv"))) == 2
    assert private.consumers(model.get_layer("dense")) == []


def axes_of_normalisation():
    for axis, expected in ((-1, [0, 1, 2]), (1, [0, 2, 3])):
        layer = layers.BatchNormalization(axis=axis)
        layer.build((None, 4, 4, 4))
        assert private.normalised_axes(layer) == expected


def variables_of_metrics():
    model = compiled(metrics=["accuracy"])
    before = len(model.metrics_variables)
    private.build_metrics(model, np.zeros(1, np.int32), np.ones((1, 2), np.float32))
    assert len(model.metrics_variables) == before + 2


def the_loss():
    model = compiled()
    loss = private.compiled_loss(model)
    model.compile("adam", "mse")
    assert private.compiled_loss(model) is not loss
    assert float(private.compiled_loss(model)(np.zeros((1, 2)), np.ones((1, 2)))) == 1


def epochs_before_an_interruption(folder):
    x, y = np.zeros((4, 4, 4, 2), np.float32), np.zeros(4, np.int32)

    class Interrupt(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise KeyboardInterrupt

    backup = keras.callbacks.BackupAndRestore(folder, delete_checkpoint=False)
    with pytest.raises(KeyboardInterrupt):
        compiled().fit(x, y, epochs=2, verbose=0, callbacks=[backup, Interrupt()])
    model = compiled()
    private.forget_resumed_epoch(model)
    assert private.resumed_epoch(model) == 0
    backup = keras.callbacks.BackupAndRestore(folder)
    backup.set_model(model)
    model.optimizer.build(model.trainable_variables)
    backup.on_train_begin()
    assert private.resumed_epoch(model) == 1


def variables_of_an_optimizer():
    optimizer, variables = keras.optimizers.Adam(), [keras.Variable(np.ones(2)) for _ in range(2)]
    optimizer.build(variables)
    assert [private.position_of(optimizer, variable) for variable in variables] == [0, 1]


def moments_of_adam():
    optimizer, variables = keras.optimizers.Adam(), [keras.Variable(np.ones(n)) for n in (2, 3)]
    optimizer.build(variables)
    optimizer.apply([np.zeros(2, np.float32), np.ones(3, np.float32)])
    mean, square = private.moments_of(optimizer, variables[1])
    np.testing.assert_allclose(mean.numpy(), [0.1] * 3, rtol=1e-5)
    np.testing.assert_allclose(square.numpy(), [0.001] * 3, rtol=1e-5)


def the_context_of_tensorflow():
    tf.constant(1)
    assert private.tensorflow_has_run()


def the_random_state():
    assert private.tensorflow_random_state() == private.tensorflow_random_state()
    tf.random.set_seed(3)
    try:
        seeded = private.tensorflow_random_state()
        tf.random.set_seed(3)
        assert seeded[0] == 3
        assert private.tensorflow_random_state() != seeded  # drawing starts from the beginning
    finally:
        tf.random.set_seed(None)


CHECKS = {
    "keras.src.models.functional.Functional": a_functional_model,
    "keras.Model._flatten_layers": layers_inside_layers,
    "keras.layers.Layer._inbound_nodes": places_of_use,
    "keras.layers.Layer._outbound_nodes": where_outputs_go,
    "keras.layers.BatchNormalization._reduction_axes": axes_of_normalisation,
    "keras.Model._compile_metrics": variables_of_metrics,
    "keras.Model._compile_loss": the_loss,
    "keras.Model._initial_epoch": epochs_before_an_interruption,
    "keras.optimizers.Optimizer._get_variable_index": variables_of_an_optimizer,
    "keras.optimizers.Adam._momentums and _velocities": moments_of_adam,
    "tensorflow.python.eager.context._context._initialized": the_context_of_tensorflow,
    "tensorflow.python.eager.context.context()._rng": the_random_state,
}


@pytest.mark.parametrize("name", CHECKS)
def test_private_names(name, tmp_path):
    check = CHECKS[name]
    try:
        check(*([tmp_path] if check is epochs_before_an_interruption else []))
    except Exception as error:
        raise AssertionError(f"{name} is not what skdl/engine/_private.py takes it for") from error
