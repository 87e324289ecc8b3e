"""The public contracts: what keeps them passes, and each is broken by something made to."""

import helpers
import mutants
import pytest
from sklearn.preprocessing import MaxAbsScaler

from skdl import CNNClassifier
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
    ],
    "check_builder_is_pure": [
        mutants.same_model_each_time,
        mutants.draws_from_numpy,
        mutants.sets_the_policy,
    ],
    "check_builder_seeding": [mutants.starts_alike],
    "check_image_sizes": [mutants.wants_grayscale],
    "check_independent_images": [mutants.looks_at_the_batch],
    "check_input_matters": [mutants.ignores_the_image, mutants.sees_one_corner],
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
    "check_backbone_is_pure": [mutants.same_backbone_each_time],
    "check_backbone_seeding": [mutants.backbone_that_starts_alike],
    "check_backbone_independent_images": [mutants.backbone_that_looks_at_the_batch],
    "check_backbone_input_matters": [mutants.backbone_that_ignores_the_image],
    "check_backbone_weights_fit_all_sizes": [mutants.has_weights_for_one_size],
    "check_backbone_parameters": [mutants.backbone_that_ignores_a_parameter],
    "check_backbone_saving": [mutants.backbone_that_cannot_be_loaded],
    "check_probabilities": [mutants.NotNormalised(), mutants.PredictsTheLeastProbable()],
    "check_learning": [mutants.LearnsNothing()],
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
    "check_dataset_images": [mutants.with_missing_pixels],
    "check_dataset_targets": [mutants.with_text_labels, mutants.with_an_empty_class],
    "check_dataset_pair": [mutants.with_another_pair, mutants.without_a_pair],
    "check_dataset_is_loaded_anew": [mutants.cached_dataset],
}
CASES = [(name, mutant) for name, broken in MUTANTS.items() for mutant in broken]


@pytest.fixture(autouse=True)
def dtype_policy():
    import keras

    yield
    keras.config.set_dtype_policy("float32")


@pytest.mark.parametrize(
    ("name", "mutant"), CASES, ids=[getattr(m, "__name__", repr(m)) for _, m in CASES]
)
def test_a_mutant_is_caught(name, mutant):
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
        mutants.WholeRows(),
        mutants.whole_dataset,
        mutants.whole_backbone,
        helpers.tiny,
    ]
)
def test_what_is_whole_passes(subject, contract):
    contract(subject)


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
