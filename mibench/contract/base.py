"""The base class of estimators: checks the data, calls the estimator, adds the common flags."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError, message_of, unknown
from ..foreign import contained
from ..types import Estimate, Interval
from . import flags
from .completing import common_flags, estimate_of_constant, shape_of, with_row_flags
from .conditions import TAKE_NUMBERS, Conditions
from .parameters import check_value, parameter_fields
from .strata import estimate_in_strata, local_in_strata, permuted_in_strata
from .variables import Variable, as_pair, check_same_rows

Int = NDArray[np.int64]


class Estimator(ABC):
    """A mutual-information estimator: a frozen dataclass whose fields are its parameters.

    A subclass writes `_estimate(x, y)`, which gets both sides checked and laid out as `Variable`s.
    Each field's annotation (`Annotated[int, Field(ge=1)]`, a `Literal`, ...) is enforced when the
    estimator is made. `examples/gaussian_plugin` is a complete plug-in.

    Attributes:
        quadratic: class attribute; whether the time grows with the square of the number of rows.
            Such estimators run on fewer epochs of a network.
        by_default: class attribute; whether a command runs it if no estimator is named.
        warm_up_with: class attribute; sets of parameters that run other compiled code than the
            defaults. `mibench warmup` compiles for these too.
        consults: class attribute; the names of estimators that it asks, with their default
            parameters. Its `warm_up` is that of these too, so that none is made twice.
        not_claimed: class attribute; the checks of `mibench check` that it does not claim to pass.
        sees_near_copies: class attribute; whether rows that are nearly copies make its estimates
            too high, as where it looks at near rows or learns from rows, so that they are flagged.

    Raises:
        InputError: for a parameter of the wrong type or out of range.
    """

    quadratic: ClassVar[bool] = False
    by_default: ClassVar[bool] = True
    warm_up_with: ClassVar[tuple[dict[str, Any], ...]] = ()
    consults: ClassVar[tuple[str, ...]] = ()
    not_claimed: ClassVar[tuple[str, ...]] = ()
    sees_near_copies: ClassVar[bool] = True

    def __post_init__(self) -> None:
        kind = type(self)
        for field in parameter_fields(kind):
            value = check_value(kind, field.name, getattr(self, field.name), label=kind.__name__)
            object.__setattr__(self, field.name, value)

    def estimate(
        self,
        x: ArrayLike,
        y: ArrayLike,
        *,
        discrete_x: bool | None = None,
        discrete_y: bool | None = None,
    ) -> Estimate:
        """Estimate I(X;Y) from n paired rows.

        Args:
            x: (n,) or (n, dx), finite numbers or labels: anything that `mibench.estimate` takes.
            y: (n,) or (n, dy). Row i of x belongs to row i of y.
            discrete_x: whether x holds labels. A row of several columns is then one label. None:
                text, booleans and categories are labels, and numbers are not.
            discrete_y: the same for y.

        Returns:
            An `Estimate`. Read its `flags` before you trust its `nats` or `bits`.

        Raises:
            InputError: for rows that do not match, NaN, infinity, or too few rows.
        """
        return self.estimate_sides(*as_pair(x, y, discrete_x, discrete_y))

    def estimate_sides(self, x: Variable, y: Variable) -> Estimate:
        """What `estimate` returns for sides that are checked and laid out already.

        Args:
            x: as from `mibench.contract.variables.as_variable`.
            y: the same.

        Raises:
            InputError: for sides of different numbers of rows.
        """
        return with_row_flags(self.estimate_variables(x, y), x, y, self.sees_near_copies)

    def estimate_variables(self, x: Variable, y: Variable) -> Estimate:
        """Estimate I(X;Y) from sides that are checked and laid out already.

        The number is that of `estimate`, to the last bit. Rows may be enumerated here, such as all
        inputs of a network, so their independence is not checked.

        Args:
            x: as from `mibench.contract.variables.as_variable`.
            y: the same.

        Raises:
            InputError: for sides of different numbers of rows.
        """
        check_same_rows(x, y)
        if x.constant or y.constant:
            return estimate_of_constant(x, y)
        with contained():
            estimate = self._estimate(x, y)
        return self._complete(estimate, x, y)

    def estimate_given(self, x: Variable, y: Variable, z: Conditions) -> Estimate:
        """Estimate the conditional mutual information I(X;Y|Z) from sides that are laid out.

        `mibench.estimate(x, y, self, z=z)` calls it. Labels in Z are exact conditions for any
        estimator: it estimates I(X;Y) among the rows of each label (`strata`). Numbers need a
        `_estimate_given` of the estimator.

        Args:
            x: as from `mibench.contract.variables.as_variable`.
            y: the same.
            z: what is given, as from `mibench.contract.conditions.conditions_of`.

        Raises:
            InputError: for sides of different numbers of rows, and for numbers in z if the
                estimator has no conditional MI.
        """
        check_same_rows(x, y)
        if z.n != x.n:
            raise InputError(f"x has {x.n} rows and z has {z.n}: rows must belong together")
        given = {"dim_z": z.dims}
        if x.constant or y.constant:
            estimate = estimate_of_constant(x, y)
            return replace(estimate, info={**estimate.info, **given})
        if z.constant:
            estimate = self.estimate_sides(x, y)
            raised = {**estimate.flags, **dict([flags.constant_condition()])}
            return replace(estimate, flags=raised, info={**estimate.info, **given})
        with contained():
            estimate = self._complete(estimate_in_strata(self._within_checked, x, y, z), x, y)
        estimate = replace(estimate, info={**estimate.info, **given})
        return with_row_flags(estimate, x, y, self.sees_near_copies)

    def estimate_each(self, t: Variable, others: Sequence[Variable]) -> list[Estimate]:
        """Estimate I(O;T) for each O of `others`, such as a layer T with its input and its label.

        The results are those of `estimate_variables(o, t)` for each o, to the last bit. What
        depends on T alone (bins, distances) is computed once.

        Args:
            t: the side that takes part in all estimates.
            others: the other sides.

        Raises:
            InputError: for sides of different numbers of rows.
        """
        for other in others:
            check_same_rows(other, t)
        varying = [other for other in others if not other.constant]
        if t.constant or not varying:
            return [estimate_of_constant(other, t) for other in others]
        with contained():
            estimates = iter(self._estimate_each(t, varying))
        return [
            estimate_of_constant(other, t)
            if other.constant
            else self._complete(next(estimates), other, t)
            for other in others
        ]

    def estimate_pairs(self, pairs: Sequence[tuple[Variable, Variable]]) -> list[Estimate | str]:
        """Estimate I(X;Y) for each pair of sides, such as all pairs of columns of a table.

        What depends on one side alone may be computed once, if pairs of the same Y come together.

        Args:
            pairs: (x, y), each as from `mibench.contract.variables.as_variable`.

        Returns:
            For each pair what `estimate` returns, to the last bit, or the text of what it raised.
        """
        results: list[Estimate | str] = []
        for _, group in groupby(pairs, key=lambda pair: id(pair[1])):
            same_y = list(group)
            try:
                estimates = self.estimate_each(same_y[0][1], [x for x, _ in same_y])
                results += [
                    with_row_flags(estimate, *pair, self.sees_near_copies)
                    for estimate, pair in zip(estimates, same_y, strict=True)
                ]
            except KeyboardInterrupt:
                raise
            except BaseException:  # one of them failed: find out which
                results += [self.attempt(x, y) for x, y in same_y]
        return results

    def estimate_permuted(self, x: Variable, y: Variable, orders: Sequence[Int]) -> list[float]:
        """Estimate I(X;Y) in nats for each order of the rows of Y, for a test of independence.

        The numbers are those of `estimate_variables(x, y.reordered(order))`. What no order changes
        may be computed once.

        Args:
            x: as from `mibench.contract.variables.as_variable`.
            y: the same.
            orders: permutations of the row numbers, each (n,).
        """
        return [self.estimate_variables(x, y.reordered(order)).nats for order in orders]

    def estimate_permuted_given(
        self, x: Variable, y: Variable, z: Conditions, orders: Sequence[Int]
    ) -> list[float]:
        """Estimate I(X;Y|Z) in nats for each order of the rows of Y, as `estimate_permuted` does.

        Args:
            x: as from `mibench.contract.variables.as_variable`.
            y: the same.
            z: what is given.
            orders: of the row numbers, each (n,). If Z has labels alone, each permutes the rows of
                a label; otherwise a row may occur more than once.
        """
        if z.labels is not None and z.numbers is None:
            return permuted_in_strata(self._permuted_within, x, y, z.labels, orders)
        return [self._nats_given(x, y.selected(order), z) for order in orders]

    def local_values(
        self, x: Variable, y: Variable, z: Conditions | None = None
    ) -> NDArray[np.float64]:
        """The estimate of each row in nats, (n,), whose mean is the estimate.

        Rows that the estimator leaves out are NaN.

        Args:
            x: as from `mibench.contract.variables.as_variable`.
            y: the same.
            z: what is given, or None.

        Raises:
            InputError: if the estimator has no such values.
        """
        if x.constant or y.constant:
            return np.zeros(x.n)
        if z is None or z.constant:
            return self._local(x, y, None)
        return local_in_strata(self._local, x, y, z)

    def tested_by(self, tests: int = 1) -> "Estimator":
        """The estimator whose permutation test tells whether X and Y are independent.

        A test needs a hundred estimates and more. It is exact whatever the estimator, so one that
        takes long may name a quicker one.

        Args:
            tests: how many sides are tested against one. Many need a quicker estimator still.
        """
        return self

    def interval_source(self) -> str:
        """The spec of the estimator whose `interval` holds the true MI that this one estimates.

        Empty: this estimator has an interval of its own, or none.
        """
        return ""

    def interval(self, x: Variable, y: Variable, level: float) -> Interval:
        """An interval that holds the true MI with a given probability.

        Args:
            x: as from `mibench.contract.variables.as_variable`.
            y: the same.
            level: the probability, such as 0.95.

        Raises:
            InputError: for a level that cannot be had, for too few rows, and if the estimator has
                no such interval.
        """
        raise InputError(
            f"{type(self).__name__} has no interval for the true MI: use auto, canonical or knn, "
            'or interval="sampling" for the sampling error alone'
        )

    def attempt(self, x: Variable, y: Variable) -> Estimate | str:
        """What `estimate` returns for sides that are laid out, or the text of what it raised."""
        try:
            return self.estimate_sides(x, y)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a plug-in may raise anything
            return message_of(error)

    def warm_up(
        self,
        x: ArrayLike,
        y: ArrayLike,
        *,
        discrete_x: bool = False,
        discrete_y: bool = False,
        rows: int | None = None,
    ) -> None:
        """Compile or load all that an estimate of such data needs, so that it is not timed.

        Args:
            x: (n,) or (n, dx), some rows of the data, as for `estimate`.
            y: (n,) or (n, dy).
            discrete_x: whether x holds labels.
            discrete_y: the same for y.
            rows: the most rows of the estimates to come; None for any number.
        """
        self.estimate(x, y, discrete_x=discrete_x, discrete_y=discrete_y)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name, as scikit-learn asks for them. deep: changes nothing."""
        return {f.name: getattr(self, f.name) for f in parameter_fields(type(self))}

    def set_params(self, **parameters: Any) -> Self:
        """Change parameters of this object, as scikit-learn does, and return it.

        Its hash changes too: an object that is a key of a dict must stay as it is. Elsewhere,
        `dataclasses.replace` makes a changed copy.

        Raises:
            InputError: for an unknown parameter or a bad value. Nothing is changed then.
        """
        known = self.get_params()
        for name in parameters:
            if name not in known:
                kind = type(self).__name__
                raise InputError(f"{kind}: {unknown('parameter', name, known)}")
        changed = type(self)(**{**known, **parameters})
        for name, value in vars(changed).items():
            object.__setattr__(self, name, value)
        return self

    def __sklearn_clone__(self) -> Self:
        """What `sklearn.base.clone` returns: a new estimator with the same parameters."""
        return type(self)(**self.get_params())

    @abstractmethod
    def _estimate(self, x: Variable, y: Variable) -> Estimate:
        """The estimate for two sides of equal length, neither of them constant."""

    def _estimate_given(self, x: Variable, y: Variable, z: Variable) -> Estimate:
        """I(X;Y|Z) given numbers, for sides of equal length, none of them constant."""
        raise InputError(
            f"{type(self).__name__} has no MI given numbers: use {TAKE_NUMBERS}, or give labels in "
            "z (discrete_z=True)"
        )

    def _check_given(self, estimate: Estimate, x: Variable, y: Variable, z: Variable) -> Estimate:
        """The estimate of `_estimate_given` with flags that take long, which a test leaves out."""
        return estimate

    def _local(self, x: Variable, y: Variable, z: Variable | None) -> NDArray[np.float64]:
        """`local_values` for numbers in Z or nothing given, none of the sides constant."""
        raise InputError(
            f"{type(self).__name__} has no local values: use knn, or uniform or adaptive for "
            "columns of numbers"
        )

    def _within(self, x: Variable, y: Variable, numbers: Variable | None) -> Estimate:
        """The estimate among rows whose labels of Z are equal."""
        return self._estimate(x, y) if numbers is None else self._estimate_given(x, y, numbers)

    def _permuted_within(self, x: Variable, y: Variable, orders: Sequence[Int]) -> list[float]:
        """`_within`, with no numbers in Z, for each order of the rows of Y."""
        return self.estimate_permuted(x, y, orders)

    def _within_checked(self, x: Variable, y: Variable, numbers: Variable | None) -> Estimate:
        """As `_within`, with all flags."""
        estimate = self._within(x, y, numbers)
        return estimate if numbers is None else self._check_given(estimate, x, y, numbers)

    def _nats_given(self, x: Variable, y: Variable, z: Conditions) -> float:
        """The nats of `estimate_given`, without its flags."""
        if x.constant or y.constant:
            return 0.0
        return estimate_in_strata(self._within, x, y, z).nats

    def _estimate_each(self, t: Variable, others: Sequence[Variable]) -> list[Estimate]:
        """`_estimate(o, t)` for each o. Estimators that can share work on t override this."""
        estimates = []
        for other in others:
            with contained():
                estimates.append(self._estimate(other, t))
        return estimates

    def _complete(self, estimate: Estimate, x: Variable, y: Variable) -> Estimate:
        """The estimate with the flags and the info that every estimate has."""
        if not isinstance(estimate, Estimate):
            raise TypeError(
                f"{type(self).__name__}._estimate returned a {type(estimate).__name__}, no Estimate"
            )
        all_flags = {**estimate.flags, **common_flags(estimate, x.n)}
        return replace(estimate, flags=all_flags, info={**shape_of(x, y), **estimate.info})
