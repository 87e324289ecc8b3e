"""Descriptions of networks."""

import pickle
from dataclasses import replace

import keras
import numpy as np
import pytest

from skdl.engine import BackboneSpec, Body, Recipe
from skdl.engine._body import Cut
from skdl.estimators._autoencoder import denoiser, encoder

SHAPE = (8, 8, 3)
HEAD = {"units": (4,), "dropout": 0.0, "pooling": "avg"}


def on_backbone(trainable=1, **settings):
    backbone = BackboneSpec("cifar_resnet20", {})
    body = Body.of(backbone, "random", SHAPE[:2], trainable)
    return Recipe(backbone.backbone, HEAD, SHAPE, 3, on_backbone=replace(body, **settings))


def test_what_is_not_on_a_backbone():
    recipe = Recipe("simple", {}, SHAPE, 3)
    for ask in (lambda: recipe.body, recipe.parts, lambda: recipe.cut_at(Cut.FEATURES)):
        with pytest.raises(TypeError, match="of architecture 'simple' is not on a backbone"):
            ask()
    assert recipe.fixed_variables(recipe.build()) == []
    assert recipe.rate_factors(recipe.build()) is None


def test_what_is_on_a_backbone():
    recipe = on_backbone("all")
    first = recipe.build(seed=0)
    fixed = {id(variable) for variable in recipe.fixed_variables(first)}
    assert {v.path.split("/")[0] for v in first.variables if id(v) not in fixed} == {
        "head_standardisation",
        "head_dense1",
        "head",
    }
    assert recipe.label == "'cifar_resnet20'"
    assert recipe.key is not None
    assert pickle.loads(pickle.dumps(recipe)).key == recipe.key


@pytest.mark.parametrize(
    ("trainable", "cut"), [("head", Cut.FEATURES), ("all", Cut.IMAGES), (1, None)]
)
def test_where_the_network_begins(trainable, cut):
    recipe = on_backbone(trainable)
    found = recipe.body.plan.cut
    assert found is cut if cut else isinstance(found, int)
    assert recipe.cut_at(Cut.IMAGES).body.plan.cut is Cut.IMAGES
    assert recipe.cut_at(Cut.IMAGES).body.plan.blocks == recipe.body.plan.blocks
    head, base = replace(recipe.cut_at(Cut.FEATURES), input_shape=(64,)).parts()
    assert base is None
    assert [layer.name for layer in head.layers[1:]] == [
        "head_standardisation",
        "head_dense1",
        "head",
    ]


def test_a_head_is_the_same_on_any_backbone():
    recipes = [on_backbone(), on_backbone(layer_decay=0.5), on_backbone(size=(9, 9))]
    assert len({recipe.key for recipe in recipes}) == 3
    assert len({recipe.cut_at(Cut.FEATURES).key for recipe in recipes}) == 1


def test_blocks_below_learn_more_slowly():
    recipe = on_backbone("all", layer_decay=0.5)
    model = recipe.build()
    factors = recipe.rate_factors(model)
    assert sorted(set(factors)) == [0.125, 0.25, 0.5, 1]
    assert factors[-1] == 1
    assert (
        replace(recipe, on_backbone=replace(recipe.body, layer_decay=1.0)).rate_factors(model)
        is None
    )
    assert recipe.cut_at(Cut.FEATURES).rate_factors(model) is None


def test_a_network_that_maps_images_to_images():
    recipe = Recipe(denoiser, {"filters": (2, 3)}, SHAPE, None, loss="mse")
    assert recipe.build()(np.zeros((2, *SHAPE))).shape == (2, *SHAPE)
    assert recipe.compile_options == {"loss": "mse", "metrics": None}
    assert replace(recipe, loss="mae").key != recipe.key
    half = replace(recipe, architecture=encoder)
    assert half.build()(np.zeros((2, *SHAPE))).shape == (2, 2, 2, 3)
    with pytest.raises(ValueError, match=r"built for images of shape \(8, 8, 3\) with"):
        replace(recipe, params={"filters": 3}).build()


def test_classes_come_with_the_accuracy():
    recipe = Recipe("simple", {}, SHAPE, 3)
    assert recipe.compile_options == {
        "loss": "sparse_categorical_crossentropy",
        "metrics": ["accuracy"],
    }
    assert isinstance(recipe.build(), keras.Model)
    with pytest.raises(ValueError, match="has no parameter 'depths', set as architecture__dep"):
        replace(recipe, params={"depths": 3}).check_params()
    assert replace(recipe, params={"sizes": {3}}).key is None
