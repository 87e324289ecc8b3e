"""What fits into the time is run, from the bottom of the ladder up, and the rest is named."""

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

from skdl import analyze_folder
from skdl.analysis import _backbone, _plan
from skdl.analysis._ladder import RUNGS, Backbone, Setting, build, choices_of_layers, features
from skdl.analysis._look import look
from skdl.analysis._script import Code
from skdl.evaluation import GroupHoldout

VGG = Backbone("vgg16", 160, {"block4_pool": 512, "block5_pool": 512})
MOBILE = Backbone("mobilenet_v2", 96, {"out_relu": 1280}, "m.h5", {"alpha": 0.35})
SETTING = Setting(True, "roc_auc", 3, 1, 0, "store", (VGG, MOBILE), 32, (10, 30))


@pytest.fixture(scope="module")
def seen(digits_folder):
    return look(digits_folder, {}, pos_label=None, folds=3, verbose=0)


@pytest.fixture
def costs(monkeypatch):
    """One second for each fit of a model, and each image in a backbone."""
    one = dict.fromkeys(RUNGS, lambda setting, seen, folds: 1.0)
    monkeypatch.setattr(_plan, "_COSTS", one)
    monkeypatch.setattr(_plan, "candidates", lambda *about: iter([VGG, MOBILE]))
    monkeypatch.setattr(_plan, "seconds_per_image", lambda backbone, X: 1.0)


def planned(seen, budget, **more):
    options = {"models": None, "backbone": None, "weights": None, "folds": 3, "seed": 0}
    return _plan.make_plan(seen, **{**options, **more}, store="store", budget=budget)


def test_with_time_everything_is_run(seen, costs):
    plan = planned(seen, 1e5)
    assert plan.models == [name for name in RUNGS if name != "finetune"]
    assert "the images are small" in plan.left_out["finetune"]
    assert plan.setting.backbones == (VGG,)  # the pictures are tiny
    assert plan.seconds["features"] == len(seen.y)
    assert plan.setting.metric == "roc_auc"


def test_what_does_not_fit_is_left_out_and_said(seen, costs):
    plan = planned(seen, 160)
    assert sum(plan.seconds.values()) <= 160
    assert {"logistic", "svc"} <= set(plan.left_out)
    assert plan.models[:2] == ["majority", "shortcuts"]
    assert {*plan.models, *plan.left_out} == set(RUNGS)
    said = "\n".join(plan.lines(3))
    for name, why in plan.left_out.items():
        assert f"Left out: {name}, {why}." in said
    with pytest.raises(ValueError, match="There is no time for any model: majority"):
        planned(seen, 0.1, models=["majority"])


def test_few_images_train_no_network_unless_it_is_named(seen, costs, monkeypatch):
    monkeypatch.setattr(type(seen), "size", (300, 200))
    plan = planned(seen, 1e5)
    assert "60 images are too few to train a network well" in plan.left_out["finetune"]
    assert plan.models == ["majority", "shortcuts", "logistic", "svc"]
    assert planned(seen, 1e5, models=["network", "finetune"]).models == ["network", "finetune"]


def test_networks_are_searched_in_as_many_folds_as_others_if_there_is_time(seen, costs):
    fair, short = planned(seen, 1e5), planned(seen, 345)
    assert short.models == fair.models
    assert fair.setting.network_inner == fair.setting.inner == 3
    assert short.setting.network_inner == 1
    fits = [plan.seconds["network"] / 4 for plan in (fair, short)]  # 3 folds, and all images
    assert fits == pytest.approx([(1 + 2 * 4 / 3) * 1.8, (1 + 0.8 * 4 / 3) * 1.8])
    assert sum(short.seconds.values()) <= 345 < sum(fair.seconds.values())


@pytest.mark.parametrize("name", ["network", "finetune"])
def test_the_search_of_a_network_takes_the_folds_of_its_setting(name):
    for binary in (True, False):
        setting = replace(SETTING, binary=binary)
        (alone, fair) = (build(name, replace(setting, network_inner=n)) for n in (1, 3))
        if binary:  # the threshold is tuned on one split in either case
            assert repr(alone.cv) == repr(fair.cv) == repr(GroupHoldout(0.2, 0))
            alone, fair = alone.estimator, fair.estimator
        assert (repr(alone.cv), fair.cv) == (repr(GroupHoldout(0.2, 0)), 3)


def test_a_plan_can_be_kept(seen, costs):
    plan = planned(seen, 1e5)
    assert _plan.plan_of(json.loads(json.dumps(plan.as_dict()))) == plan


def test_without_weights_there_are_no_features(seen, costs, monkeypatch):
    monkeypatch.setattr(_plan, "candidates", lambda *about: iter(()))
    plan = planned(seen, 1e5)
    assert "no weights of a pretrained network are available" in plan.left_out["svc"]
    assert plan.models == ["majority", "shortcuts", "network"]


@pytest.mark.parametrize("name", ["logistic", "svc"])
def test_many_images_are_held_out_once_but_for_thresholds(name):
    many, few = (build(name, replace(SETTING, binary=True, inner=n))[-1] for n in (1, 2))
    assert (many.cv, few.cv) == (3, 2)
    assert repr(many.estimator.cv) == repr(GroupHoldout(0.2, 0))
    assert few.estimator.cv == 2
    if name == "svc":
        splits = [search.estimator.estimator[-1].cv for search in (many, few)]
        assert list(map(repr, splits)) == [repr(GroupHoldout(0.2, 0)), "3"]


def test_small_networks_are_preferred_for_nothing_but_their_speed(monkeypatch):
    monkeypatch.setattr("skdl.backbones.weights_at_hand", lambda name, **params: not params)
    found = [(one.name, one.size) for one in _backbone.candidates(None, None, (500, 600))]
    assert found[0] == ("vgg16", 224)
    assert ("mobilenet_v2", 224) in found
    assert found[-1] == ("cifar_resnet20", 32)
    for side, shown in ((5, 32), (8, 48), (28, 64)):  # enlarged, but not more than six times
        assert next(_backbone.candidates(None, None, (side, side))).size == shown
    (given, *_) = _backbone.candidates("resnet50", "w.h5", (300, 300))
    assert (given.name, given.weights) == ("resnet50", "w.h5")


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("name", RUNGS)
def test_the_script_says_each_model_in_public_names(name, binary):
    model = build(name, replace(SETTING, binary=binary))
    code = Code({"store": "STORE"})
    written, names = code.of(model), {"STORE": "store"}
    lines = code.import_lines({})
    assert all(len(line) < 100 for text in (written, *lines) for line in text.splitlines())
    assert not any("._" in line for line in lines)
    exec("\n".join(lines), names)
    again = eval(written, names)
    assert repr(again.get_params()) == repr(model.get_params())


@pytest.mark.parametrize(
    "value",
    [
        StratifiedGroupKFold(4, shuffle=True, random_state=3),
        GroupKFold(3),
        GroupHoldout(0.25, 7),
        {"a": [1, "it's", 'say "so"', None, (2,)], "b": slice(0, 3)},
    ],
)
def test_other_values_are_written_as_well(value):
    code, names = Code(), {}
    written = code.of(value)
    exec("\n".join(code.import_lines({})), names)
    assert repr(eval(written, names)) == repr(value)


def test_searches_choose_among_the_layers_that_are_taken():
    assert choices_of_layers(SETTING) == [
        ["vgg16_block5_pool"],
        ["vgg16_block4_pool", "vgg16_block5_pool"],
        ["mobilenet_v2_out_relu"],
        ["vgg16_block4_pool", "vgg16_block5_pool", "mobilenet_v2_out_relu"],
    ]
    search = build("logistic", replace(SETTING, binary=False)).steps[-1][1]
    widths = []
    X = np.random.default_rng(0).normal(size=(4, 512 + 512 + 1280))
    for grid in search.param_grid:
        params = {name: value[0] for name, value in grid.items() if "columntransformer" in name}
        chosen = search.estimator.set_params(**params).steps[0][1]
        widths.append(chosen.fit_transform(X).shape[1])
        search = build("logistic", replace(SETTING, binary=False)).steps[-1][1]
    assert widths == [512, 1024, 1280, 2304]
    assert [name for name, _ in features(SETTING).transformer_list] == ["vgg16", "mobilenet_v2"]


def test_a_model_that_takes_longer_than_planned_is_left_out(digits_folder, tmp_path, monkeypatch):
    """The clock of the evaluation stands beyond any deadline once the first model is done."""
    from skdl.evaluation import _run as fitting

    class Clock:
        seconds = 0.0

        @classmethod
        def monotonic(cls):
            cls.seconds += 1e6
            return cls.seconds

    monkeypatch.setattr(fitting, "time", Clock)
    monkeypatch.setattr(_plan, "_COSTS", dict.fromkeys(RUNGS, lambda *about: 0.0))
    found = analyze_folder(
        digits_folder, out=tmp_path / "out", models=["majority", "shortcuts"], folds=3,
        report="json", verbose=0,
    )  # fmt: skip
    assert found.result.models == ["majority", "best"]
    assert "longer than planned" in found.left_out["shortcuts"]
    assert "shortcuts" not in (found.out / "run.py").read_text()
