"""The public contracts: what keeps them passes, and each is broken by something made to."""

import functools

import helpers
import mutants
import numpy as np
import pytest
from PIL import Image
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.preprocessing import MaxAbsScaler

from skdl import CNNClassifier, ImageLoader
from skdl.datasets import load_image_folder
from skdl.testing import (
    check_architecture,
    check_backbone,
    check_dataset,
    check_image_classifier,
    check_image_transformer,
    contracts_of,
    parametrize_with_contracts,
)
from skdl.testing._contracts import ARCHITECTURE, BACKBONE, CLASSIFIER, DATASET, TRANSFORMER

MUTANTS = {
    "check_builder_output": [
        helpers.returns_compiled,
        helpers.returns_wrong_width,
        helpers.returns_logits,
        helpers.returns_nothing,
        mutants.has_one_sigmoid_for_two,
        mutants.has_ten_classes_at_most,
    ],
    "check_builder_is_pure": [
        mutants.same_model_each_time,
        mutants.draws_from_numpy,
        mutants.sets_the_policy,
        mutants.seeds_tensorflow,
        mutants.draws_its_structure,
    ],
    "check_builder_seeding": [mutants.starts_alike],
    "check_image_sizes": [mutants.wants_grayscale],
    "check_independent_images": [mutants.looks_at_the_batch],
    "check_input_matters": [
        mutants.ignores_the_image,
        mutants.sees_one_corner,
        mutants.sees_one_channel,
    ],
    "check_gradients": [mutants.has_a_dead_branch],
    "check_overfitting": [mutants.hardly_learns],
    "check_parameters": [mutants.ignores_a_parameter, mutants.has_no_default],
    "check_saving": [mutants.cannot_be_loaded],
    "check_backbone_declaration": [mutants.declares_nothing, mutants.preprocesses_to_nothing],
    "check_backbone_output": [
        mutants.pools_its_features,
        mutants.is_less_wide_than_it_says,
        mutants.is_compiled,
    ],
    "check_backbone_layers": [
        mutants.has_no_such_layer,
        mutants.declares_out_of_order,
        mutants.goes_on_after_the_last,
    ],
    "check_backbone_image_sizes": [mutants.needs_larger_images],
    "check_backbone_is_pure": [
        mutants.same_backbone_each_time,
        mutants.backbone_that_seeds_tensorflow,
        mutants.backbone_that_draws_its_structure,
    ],
    "check_backbone_seeding": [mutants.backbone_that_starts_alike],
    "check_backbone_independent_images": [mutants.backbone_that_looks_at_the_batch],
    "check_backbone_input_matters": [
        mutants.backbone_that_ignores_the_image,
        mutants.backbone_that_sees_one_channel,
    ],
    "check_backbone_weights_fit_all_sizes": [
        mutants.has_weights_for_one_size,
        mutants.has_more_weights_for_large_images,
    ],
    "check_backbone_parameters": [mutants.backbone_that_ignores_a_parameter],
    "check_backbone_saving": [mutants.backbone_that_cannot_be_loaded],
    "check_probabilities": [mutants.NotNormalised(), mutants.PredictsTheLeastProbable()],
    "check_learning": [mutants.LearnsNothing()],
    "check_sample_weights": [
        mutants.IgnoresWeights(),
        mutants.WeighsTheOtherWay(),
        mutants.TakesAnyNumberOfWeights(),
    ],
    "check_held_out_groups": [
        mutants.SplitsGroups(),
        mutants.HoldsOutNothing(),
        mutants.LearnsFromGroups(),
        mutants.TakesAnyNumberOfGroups(),
    ],
    "check_label_renaming": [mutants.KnowsIntegersOnly()],
    "check_row_order": [mutants.SortsRows()],
    "check_batch_independence": [mutants.ScalesByBatch()],
    "check_input_dtypes": [mutants.TakesBytesForNumbers()],
    "check_input_layouts": [mutants.WritesToItsInput()],
    "check_flattened_images": [mutants.RefusesFlattened()],
    "check_seeding": [mutants.IgnoresItsSeed(), mutants.DrawsFromNumPy()],
    "check_refitting": [mutants.GoesOn(), mutants.ChangesItsParameters()],
    "check_two_fits_side_by_side": [mutants.SharesItsWeights()],
    "check_pickling": [mutants.CannotBePickled(), mutants.ForgetsItsWeights()],
    "check_cloning": [mutants.ClonesItsWeights()],
    "check_corrupt_input": [mutants.TakesAnything()],
    "check_wrong_labels": [mutants.TakesAnyLabels()],
    "check_set_output": [mutants.DropsARow(), mutants.NamesTooFew()],
    "check_labels_are_not_used": [mutants.LooksAtLabels()],
    "check_dataset_fields": [mutants.without_description, mutants.without_target_names],
    "check_dataset_images": [
        mutants.with_missing_pixels,
        mutants.without_an_image,
        mutants.with_a_missing_file,
    ],
    "check_dataset_targets": [
        mutants.with_text_labels,
        mutants.with_an_empty_class,
        mutants.with_a_table_of_labels,
        mutants.without_an_image,
    ],
    "check_dataset_pair": [mutants.with_another_pair, mutants.without_a_pair],
    "check_dataset_is_loaded_anew": [
        mutants.cached_dataset,
        mutants.dataset_with_cached_labels,
        mutants.dataset_in_another_order_each_time,
    ],
}
CASES = [(name, mutant) for name, broken in MUTANTS.items() for mutant in broken]


@pytest.fixture(autouse=True)
def global_settings():
    import keras
    import tensorflow as tf

    yield
    keras.config.set_dtype_policy("float32")
    tf.random.set_seed(None)


@pytest.mark.parametrize(
    ("name", "mutant"), CASES, ids=[getattr(m, "__name__", repr(m)) for _, m in CASES]
)
def test_a_mutant_is_caught(name, mutant):
    if "cannot_be_loaded" in getattr(mutant, "__name__", "") and helpers.version("keras") < (3, 13):
        pytest.skip("older Keras loads layers that are not registered")
    (check,) = [check for check in contracts_of(mutant) if check.__name__ == name]
    with pytest.raises(AssertionError):
        check(mutant)


def test_every_contract_has_a_mutant():
    names = {
        check.__name__
        for kind in (ARCHITECTURE, BACKBONE, CLASSIFIER, TRANSFORMER, DATASET)
        for check in kind
    }
    assert names == set(MUTANTS)


@parametrize_with_contracts(
    [
        mutants.Whole(),
        mutants.WholeWithGroups(),
        mutants.WholeRows(),
        mutants.whole_dataset,
        mutants.whole_backbone,
        mutants.whole_in_gray,
        mutants.whole_subclassed,
        helpers.tiny,
    ]
)
def test_what_is_whole_passes(subject, contract):
    contract(subject)


@pytest.mark.parametrize(
    ("name", "mutant", "message"),
    [
        ("check_builder_output", mutants.has_one_sigmoid_for_two, r"output of shape \(2, 1\)"),
        ("check_builder_output", mutants.has_ten_classes_at_most, r"expected \(2, 12\)"),
        ("check_builder_is_pure", mutants.seeds_tensorflow, "the builder sets TensorFlow's global"),
        ("check_builder_is_pure", mutants.draws_its_structure, "structure depends on Python's"),
        ("check_input_matters", mutants.sees_one_channel, r"changing channel 1 of 3 does not"),
        ("check_dataset_targets", mutants.with_a_table_of_labels, r"has shape \(1797, 10\), exp"),
        ("check_dataset_targets", mutants.without_an_image, "target is empty"),
        ("check_dataset_images", mutants.with_a_missing_file, "no-such-file-0.png"),
        ("check_dataset_is_loaded_anew", mutants.cached_dataset, "changes of data persist"),
        ("check_dataset_is_loaded_anew", mutants.dataset_with_cached_labels, "of target persist"),
        (
            "check_dataset_is_loaded_anew",
            mutants.dataset_in_another_order_each_time,
            "two loads differ in data: the loader is not deterministic",
        ),
        (
            "check_dataset_pair",
            mutants.dataset_in_another_order_each_time,
            "two loads differ in data: the loader is not deterministic",
        ),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_messages_say_what_is_wrong(name, mutant, message):
    (check,) = [check for check in contracts_of(mutant) if check.__name__ == name]
    with pytest.raises(AssertionError, match=message):
        check(mutant)


@pytest.mark.parametrize(
    "builder", [mutants.seeds_tensorflow, mutants.backbone_that_seeds_tensorflow]
)
def test_a_seed_that_is_set_already_hides_nothing(builder):
    import tensorflow as tf

    tf.random.set_seed(0)
    (check,) = [check for check in contracts_of(builder) if check.__name__.endswith("is_pure")]
    with pytest.raises(AssertionError, match="sets TensorFlow's global seed"):
        check(builder)


def test_contracts_leave_cached_data_as_they_were():
    (check,) = [c for c in DATASET if c.__name__ == "check_dataset_is_loaded_anew"]
    for mutant in (mutants.cached_dataset, mutants.dataset_with_cached_labels):
        with pytest.raises(AssertionError):
            check(mutant)
    assert np.array_equal(mutants.cached_dataset().data, mutants.whole_dataset().data)
    assert np.array_equal(mutants.cached_dataset().target, mutants.whole_dataset().target)


def test_data_sets_of_image_files(tmp_path):
    for row in range(4):
        folder = tmp_path / f"class {row % 2}"
        folder.mkdir(exist_ok=True)
        Image.new("RGB", (9 + row, 8), (60 * row, 0, 0)).save(folder / f"{row}.png")
    check_dataset(functools.partial(load_image_folder, tmp_path))


@pytest.mark.parametrize("name", ["check_sample_weights", "check_held_out_groups"])
def test_classifiers_that_take_neither_weights_nor_groups(name):
    (check,) = [c for c in CLASSIFIER if c.__name__ == name]
    check(mutants.LearnsNothing())  # whose fit has no such parameters


@pytest.mark.slow
def test_all_together():
    check_image_classifier(mutants.Whole())
    check_image_transformer(mutants.WholeRows())
    check_dataset(mutants.whole_dataset)
    check_architecture(mutants.wants_grayscale_and_says_so)
    check_backbone(mutants.whole_backbone)


def test_all_broken_contracts_are_reported_at_once():
    with pytest.raises(AssertionError, match=r"breaks 3 of \d+ contracts") as failure:
        check_image_classifier(mutants.BreaksThree())
    assert "breaks check_probabilities: sums of predict_proba" in str(failure.value)
    assert "breaks check_label_renaming: " in str(failure.value)
    with pytest.raises(AssertionError, match="ignores_a_parameter breaks check_parameters"):
        contracts_of(mutants.ignores_a_parameter)[8](mutants.ignores_a_parameter)


@pytest.mark.parametrize("check", [check_architecture, check_backbone, check_dataset])
def test_unknown_names(check):
    with pytest.raises(ValueError, match="Unknown"):
        check("nothing of this name")


def test_what_no_contract_applies_to():
    for subject in ("nothing of this name", 3, object()):
        with pytest.raises(ValueError, match="No contract applies"):
            contracts_of(subject)
    for check in (contracts_of, check_image_transformer):
        for subject in (ImageLoader((8, 8)), CountVectorizer()):
            message = rf"No contract applies to {type(subject).__name__}.* accepts text, such as"
            with pytest.raises(ValueError, match=message):
                check(subject)
    assert contracts_of(MaxAbsScaler()) == TRANSFORMER
    assert contracts_of(CNNClassifier()) == CLASSIFIER


def test_expected_failures():
    reason = "the last shall be first"
    mark = parametrize_with_contracts(
        [mutants.Whole(), mutants.PredictsTheLeastProbable()],
        expected_failures=lambda subject: (
            {} if type(subject) is mutants.Whole else {"check_probabilities": reason}
        ),
    )
    marked = [case for case in mark.args[1] if case.marks]
    assert [case.values[1].__name__ for case in marked] == ["check_probabilities"]
    assert marked[0].marks[0].kwargs == {"reason": reason, "strict": True}
    for failures in ({"check_nothing": "x"}, lambda subject: {"check_nothing": "x"}):
        with pytest.raises(ValueError, match="names no contract"):
            parametrize_with_contracts([mutants.Whole()], expected_failures=failures)
