"""Net benefit of decisions by probabilities."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skdl.metrics import net_benefit, net_benefit_interval

TRUE = np.array([1, 1, 0, 0, 0, 0, 0, 0, 0, 0])
PROB = np.array([0.7, 0.3, 0.4, 0.2, 0.1, 0.1, 0.1, 0.0, 0.0, 0.0])


def test_by_hand():
    """Of ten: at 0.2 two right and two in vain, who count a quarter; at 0.5 one right."""
    assert net_benefit(TRUE, PROB, [0.2, 0.5]) == pytest.approx([0.2 - 0.2 / 4, 0.1])
    # Whoever has the threshold is treated.
    assert net_benefit(TRUE, PROB, [0.3, 0.4, 0.41]) == pytest.approx(
        [0.2 - 0.1 * 3 / 7, 0.1 - 0.1 * 2 / 3, 0.1]
    )


def test_from_counts():
    """What a test of 1,000 people is worth, of whom 200 are ill, at a threshold of 10 %.

    It finds 180 and takes 320 of the others for ill: 0.18 - 0.32 / 9. Treating all of them is worth
    0.2 - 0.8 / 9. So it is better by 0.033, which is 3.3 more ill people of a hundred.
    """
    ill = np.repeat([1, 0], [200, 800])
    found = np.concatenate([np.arange(200) < 180, np.arange(800) < 320]).astype(float)
    assert net_benefit(ill, found, 0.1) == pytest.approx([0.18 - 0.32 / 9])
    assert net_benefit(ill, np.ones(1000), 0.1) == pytest.approx([0.2 - 0.8 / 9])


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 10)), min_size=1, max_size=30),
    st.lists(st.integers(0, 9), min_size=1, max_size=5),
)
def test_is_its_definition(rows, tenths):
    true, prob = (np.array(column) for column in zip(*rows, strict=True))
    prob, thresholds = prob / 10, np.array(tenths) / 10
    expected = [
        ((prob >= t) & true).mean() - ((prob >= t) & ~true).mean() * t / (1 - t) for t in thresholds
    ]
    np.testing.assert_allclose(net_benefit(true, prob, thresholds), expected, atol=1e-12)


def test_treating_all_and_none():
    thresholds = np.linspace(0, 0.99, 50)
    everybody = net_benefit(TRUE, np.ones(10), thresholds)
    np.testing.assert_allclose(everybody, 0.2 - 0.8 * thresholds / (1 - thresholds))
    assert net_benefit(TRUE, PROB, thresholds)[0] == 0.2  # at 0 everybody is treated
    assert everybody[0] == 0.2
    assert (net_benefit(TRUE, np.zeros(10), thresholds[1:]) == 0).all()
    assert net_benefit(TRUE, np.ones(10), 0.2) == pytest.approx([0])  # at the prevalence


def test_a_good_model_is_never_worse_than_either():
    """Of probabilities that are true, in the mean: the best decision at every threshold."""
    generator = np.random.default_rng(0)
    prob = generator.beta(1, 3, 50_000)
    true = generator.random(50_000) < prob
    thresholds = np.linspace(0.02, 0.9, 30)
    model = net_benefit(true, prob, thresholds)
    assert (model > np.maximum(net_benefit(true, np.ones(50_000), thresholds), 0) - 0.002).all()
    shifted = net_benefit(true, prob**2, thresholds)
    assert (model >= shifted - 0.002).all()


def test_intervals_hold_the_true_net_benefit():
    generator = np.random.default_rng(0)
    thresholds = np.array([0.1, 0.2, 0.4])
    big = generator.beta(1, 3, 400_000)  # probabilities that are true
    truth = [np.where(big >= t, big - (1 - big) * t / (1 - t), 0).mean() for t in thresholds]
    held = []
    for _ in range(500):
        prob = generator.beta(1, 3, 200)
        true = generator.random(200) < prob
        low, high = net_benefit_interval(true, prob, thresholds, 0.95)
        held.append((low <= truth) & (truth <= high))
    shares = np.mean(held, axis=0)
    assert (shares >= 0.92).all()
    assert (shares <= 0.975).all()


def test_classes_and_shapes():
    expected = net_benefit(TRUE, PROB, [0.25])
    both = np.column_stack([1 - PROB, PROB])
    names = np.array(["well", "ill"])[TRUE]
    assert net_benefit(TRUE, both, [0.25]) == expected
    assert net_benefit(names, PROB, 0.25, pos_label="ill") == expected
    assert net_benefit(names, both[:, ::-1], (0.25,), pos_label="ill") == expected
    several = np.where(np.arange(10) == 9, "other", names)
    assert net_benefit(several, PROB, 0.25, pos_label="ill") == expected
    assert net_benefit(TRUE.astype(bool), PROB, np.float32(0.25)) == expected
    assert net_benefit([0, 0], [0.1, 0.6], 0.5) == [-0.5]  # one class is enough


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"thresholds": [0.1, 1.0]}, "thresholds has 1 at position 1.*less than 1"),
        ({"thresholds": -0.1}, "thresholds has -0.1 at position 0. Threshold probabilities must"),
        ({"thresholds": [0.1, np.nan]}, "thresholds has NaN or None at row 1"),
        ({"thresholds": []}, "thresholds is empty"),
        ({"thresholds": [[0.1]]}, r"thresholds must be of shape \(n_thresholds,\)"),
        ({"thresholds": "all"}, "thresholds must be scores: numbers"),
        ({"thresholds": None}, "thresholds has NaN or None"),
        (
            {"y_score": [-1.0, *PROB[1:]]},
            "y_score has -1 at row 0. Probabilities must be between 0",
        ),
        ({"y_score": [*PROB[1:], 1.7]}, "y_score has 1.7 at row 9.*Pass those of predict_proba"),
        ({"y_score": PROB[1:]}, "y_true has 10 rows, and y_score has 9"),
        ({"y_score": np.array(["ill"] * 10)}, "y_score must be scores: numbers"),
        ({"y_true": np.arange(10) % 3}, "there are 3 classes.*Pass pos_label, and y_score of that"),
        ({"y_true": ["ill", "well"] * 5}, "cannot be guessed"),
        ({"pos_label": 2}, "pos_label=2 is not a valid label"),
    ],
)
def test_bad_input(changes, message):
    arguments = {"y_true": TRUE, "y_score": PROB, "thresholds": [0.1], **changes}
    with pytest.raises(ValueError, match=message):
        net_benefit(**arguments)
