from skdl_shapes.data import load_shapes

from skdl import CNNClassifier
from skdl.testing import parametrize_with_contracts


@parametrize_with_contracts(["dilated", "shapes", CNNClassifier("dilated", epochs=2)])
def test_contracts(subject, contract):
    contract(subject)


def test_the_network_learns_the_shapes():
    X, y = load_shapes(return_X_y=True)
    model = CNNClassifier.from_protocol("dilated", epochs=30, random_state=0).fit(X[:180], y[:180])
    assert model.score(X[180:], y[180:]) > 0.5
