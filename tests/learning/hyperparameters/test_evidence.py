"""Evidence of the Gaussian process, against scikit-learn and finite differences."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

from houseprice.learning.hyperparameters.evidence import Evidence, Prior

DRAW = np.random.default_rng(0)
X = DRAW.normal(size=(40, 3))
Y = np.sin(X[:, 0]) + X[:, 1] + DRAW.normal(0, 0.1, 40)
CODES = (DRAW.integers(0, 3, 40), DRAW.integers(0, 4, 40))
GUESS = Prior(np.array([0.6, 0.2]), np.array([[0.5, 0.3, 0.4], [1.5, 0.0, 0.8]]), 0.7, np.array([0.1, 0.2]), 0.1)


def process(**changed: object) -> Evidence:
    """Return the evidence of the made houses."""
    values = {"coordinates": X, "codes": CODES, "target": Y, "guess": GUESS, "noise_ratio": DRAW.uniform(0.5, 2.0, 40)}
    return Evidence(**(values | changed))


def test_the_gradient_is_that_of_finite_differences() -> None:
    """In every hyperparameter."""
    evidence = process()
    at = evidence.start + np.random.default_rng(1).normal(0, 0.3, len(evidence.start))
    expected = approx_fprime(at, lambda logs: evidence(logs)[0], 1e-6)
    assert evidence(at)[1] == pytest.approx(expected, rel=1e-3, abs=1e-3)


def test_it_is_scikit_learns() -> None:
    """Without linear term and categories; at the first guess, the hyperprior adds nothing."""
    guess = Prior(np.array([0.6]), np.array([[0.5, 0.3, 0.4]]), 1e-12, np.array([]), 0.1)
    found, _ = process(guess=guess, codes=(), noise_ratio=np.ones(40))(process(guess=guess, codes=()).start)
    lengthscales = 1.0 / (np.sqrt(2.0) * guess.inverse_lengthscales[0])
    kernel = ConstantKernel(0.6) * RBF(lengthscales) + WhiteKernel(0.1)
    oracle = GaussianProcessRegressor(kernel, optimizer=None).fit(X, Y)
    constant = 0.5 * len(Y) * np.log(2 * np.pi)
    assert found + constant == pytest.approx(-oracle.log_marginal_likelihood_value_, rel=1e-5)


def test_residuals_are_those_of_leaving_each_sale_out() -> None:
    """The closed form against the process without the sale."""
    guess = Prior(np.array([0.6]), np.array([[0.5, 0.3, 0.4]]), 1e-12, np.array([]), 0.1)
    found = process(guess=guess, codes=(), noise_ratio=np.ones(40)).leave_one_out(guess)
    kernel = ConstantKernel(0.6) * RBF(1.0 / (np.sqrt(2.0) * guess.inverse_lengthscales[0])) + WhiteKernel(0.1)
    others = np.arange(40) != 7
    oracle = GaussianProcessRegressor(kernel, optimizer=None).fit(X[others], Y[others])
    assert found[7] == pytest.approx(Y[7] - oracle.predict(X[[7]])[0], abs=1e-4)


def test_packing_and_unpacking_are_inverse() -> None:
    """What a kernel does not see stays unseen."""
    evidence = process()
    again = evidence.unpack(evidence.pack(GUESS))
    assert again.inverse_lengthscales == pytest.approx(GUESS.inverse_lengthscales)
    assert again.inverse_lengthscales[1, 1] == 0.0
    assert (again.linear, again.noise) == pytest.approx((GUESS.linear, GUESS.noise))
