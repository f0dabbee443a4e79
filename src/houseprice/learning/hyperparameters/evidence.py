"""Marginal likelihood (evidence) of an additive Gaussian process, and its gradient.

The log price is a sum of processes with squared-exponential kernels, each with its own lengthscale in every column
(automatic relevance determination), a linear term, effects of categories and noise. Rasmussen & Williams 2006,
"Gaussian Processes for Machine Learning", sections 5.1 and 5.4.1.

With W = S ∘ K, where S = K⁻¹ − aaᵀ, a = K⁻¹y and K is one kernel, the derivative by a lengthscale needs
Σ Wᵢⱼ(xᵢ − xⱼ)², which is 2 Σ sᵢxᵢ² − 2 xᵀWx with s the row sums of W: one matrix product gives it for every column.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import scipy.linalg

from houseprice.learning.rbf_kernel import kernel_matrix

Floats = npt.NDArray[np.float64]
JITTER = 1e-8
SMALL = 64  # rows of a triangle that is inverted at once


@dataclass(frozen=True)
class Prior:
    """Hyperparameters of the process; the target has variance 1.

    Attributes:
        amplitudes: variance of each kernel.
        inverse_lengthscales: of each kernel in each column [kernels, columns]; 0 where it does not see the column.
        linear: variance of the slopes, in units of the first kernel's squared inverse lengthscales.
        categories: variance of the effects of each text.
        noise: variance of the noise.
    """

    amplitudes: Floats
    inverse_lengthscales: Floats
    linear: float
    categories: Floats
    noise: float


@dataclass(frozen=True)
class Evidence:
    """The negative log evidence of some sales, with a log-normal hyperprior around the first guess.

    Attributes:
        coordinates: standardised columns [houses, columns].
        codes: category of each house, for each text.
        target: centred log prices of variance 1.
        guess: what the search starts from.
        noise_ratio: variance of each sale's noise, relative to that of an average one.
        spread: standard deviation of the hyperprior of log inverse lengthscales; that of log variances is twice it.
    """

    coordinates: Floats
    codes: tuple[npt.NDArray[np.int64], ...]
    target: Floats
    guess: Prior
    noise_ratio: Floats
    spread: float = 1.5
    _basis: Floats = field(init=False)
    _levels: npt.NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        """Lay out the linear term and the categories as one matrix of basis functions."""
        one_hot = [np.equal.outer(codes, np.arange(codes.max() + 1)).astype(np.float64) for codes in self.codes]
        object.__setattr__(self, "_basis", np.hstack([self.coordinates, *one_hot]))
        object.__setattr__(self, "_levels", np.array([block.shape[1] for block in one_hot], dtype=np.int64))

    @property
    def start(self) -> Floats:
        """The logs of the first guess, as one vector."""
        return self.pack(self.guess)

    @staticmethod
    def pack(prior: Prior) -> Floats:
        """Return the logs of the hyperparameters as one vector."""
        seen = prior.inverse_lengthscales[prior.inverse_lengthscales > 0]
        logs: Floats = np.log(np.r_[prior.amplitudes, seen, prior.linear, prior.categories, prior.noise])
        return logs

    def unpack(self, logs: Floats) -> Prior:
        """Return the hyperparameters of a vector of logs."""
        values = np.exp(logs)
        kernels, mask = len(self.guess.amplitudes), self.guess.inverse_lengthscales > 0
        inverse_lengthscales = np.zeros(mask.shape)
        inverse_lengthscales[mask] = values[kernels : kernels + mask.sum()]
        rest = values[kernels + mask.sum() :]
        return Prior(values[:kernels], inverse_lengthscales, float(rest[0]), rest[1:-1], float(rest[-1]))

    def __call__(self, logs: Floats) -> tuple[float, Floats]:
        """Return the negative log evidence plus hyperprior, and its gradient by the logs of the hyperparameters."""
        prior, x = self.unpack(logs), self.coordinates
        kernels = self._kernels(prior)
        factor, alpha = self._solve(prior, kernels)
        inverse = _inverse(factor)
        value = 0.5 * float(self.target @ alpha) + float(np.log(np.diag(factor)).sum())
        sensitivity = np.subtract(inverse, np.outer(alpha, alpha), out=inverse)
        squares = x**2
        by_amplitude, by_lengthscale = np.zeros(len(kernels)), np.zeros(prior.inverse_lengthscales.shape)
        for number, kernel in enumerate(kernels):
            weighted = np.multiply(sensitivity, kernel, out=kernel)
            sums = weighted.sum(axis=1)
            by_amplitude[number] = 0.5 * sums.sum()
            distances = 2.0 * (sums @ squares) - 2.0 * np.einsum("ij,ij->j", x, weighted @ x)
            by_lengthscale[number] = -(prior.inverse_lengthscales[number] ** 2) * distances
        quadratic = 0.5 * self._variances(prior) * np.einsum("ij,ij->j", self._basis, sensitivity @ self._basis)
        columns = x.shape[1]
        by_lengthscale[0] += 2.0 * quadratic[:columns]
        by_category = [part.sum() for part in np.split(quadratic[columns:], np.cumsum(self._levels)[:-1])]
        by_noise = 0.5 * prior.noise * float(np.diag(sensitivity) @ self.noise_ratio)
        gradient = np.r_[
            by_amplitude,
            by_lengthscale[self.guess.inverse_lengthscales > 0],
            quadratic[:columns].sum(),
            by_category if len(self._levels) else [],
            by_noise,
        ]
        moved = (logs - self.start) / self._spreads()
        return value + 0.5 * float(moved @ moved), gradient + moved / self._spreads()

    def leave_one_out(self, prior: Prior) -> Floats:
        """Return each sale's residual when it is predicted from all others (ibid., section 5.4.2)."""
        factor, alpha = self._solve(prior, self._kernels(prior))
        return np.asarray(alpha / np.diag(_inverse(factor)))

    def _kernels(self, prior: Prior) -> list[Floats]:
        found = []
        for amplitude, inverse_lengthscale in zip(prior.amplitudes, prior.inverse_lengthscales, strict=True):
            seen = np.flatnonzero(inverse_lengthscale)
            scaled = self.coordinates[:, seen] * inverse_lengthscale[seen]
            kernel = kernel_matrix(scaled, scaled)
            kernel *= amplitude
            found.append(kernel)
        return found

    def _solve(self, prior: Prior, kernels: list[Floats]) -> tuple[Floats, Floats]:
        scaled = self._basis * np.sqrt(self._variances(prior))
        covariance = scaled @ scaled.T
        for kernel in kernels:
            covariance += kernel
        covariance[np.diag_indices_from(covariance)] += prior.noise * self.noise_ratio + JITTER
        factor = np.asarray(np.linalg.cholesky(covariance), dtype=np.float64)
        return factor, np.asarray(scipy.linalg.cho_solve((factor, True), self.target, check_finite=False))

    def _variances(self, prior: Prior) -> Floats:
        slopes = prior.linear * prior.inverse_lengthscales[0] ** 2
        variances: Floats = np.r_[slopes, np.repeat(prior.categories, self._levels)]
        return variances

    def _spreads(self) -> Floats:
        spreads = np.full(len(self.start), 2.0 * self.spread)
        kernels = len(self.guess.amplitudes)
        spreads[kernels : kernels + int((self.guess.inverse_lengthscales > 0).sum())] = self.spread
        return spreads


def _inverse(factor: Floats) -> Floats:
    """Return the inverse of a matrix from its lower Cholesky factor."""
    inverse = _inverse_triangle(factor)
    return np.asarray(inverse.T @ inverse)


def _inverse_triangle(lower: Floats) -> Floats:
    """Return the inverse of a lower triangular matrix, by halves: nearly all of it is products of matrices."""
    half = len(lower) // 2
    if len(lower) <= SMALL:
        return np.asarray(np.tril(np.linalg.inv(lower)))
    inverse = np.zeros(lower.shape)
    inverse[:half, :half] = _inverse_triangle(lower[:half, :half])
    inverse[half:, half:] = _inverse_triangle(lower[half:, half:])
    inverse[half:, :half] = -inverse[half:, half:] @ (lower[half:, :half] @ inverse[:half, :half])
    return inverse
