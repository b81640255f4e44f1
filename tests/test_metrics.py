"""Metrics: equal to scikit-learn, and to arithmetic done by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics as reference
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from mgclib import metrics
from mgclib.errors import ParameterError

K = 4
LABELS = list(range(K))


def drawn(seed: int, n: int = 60, coarse: bool = False) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    raw = rng.integers(1, 5, (n, K)).astype(float) if coarse else rng.random((n, K)) ** 2
    return np.r_[LABELS, rng.integers(0, K, n - K)], raw / raw.sum(axis=1, keepdims=True)


REFERENCES = {
    "accuracy": lambda y, p: reference.accuracy_score(y, p.argmax(1)),
    "top_2_accuracy": lambda y, p: reference.top_k_accuracy_score(y, p, k=2),
    "top_3_accuracy": lambda y, p: reference.top_k_accuracy_score(y, p, k=3),
    "macro_precision": lambda y, p: reference.precision_score(y, p.argmax(1), average="macro", zero_division=0),
    "macro_recall": lambda y, p: reference.recall_score(y, p.argmax(1), average="macro"),
    "macro_f1": lambda y, p: reference.f1_score(y, p.argmax(1), average="macro"),
    "weighted_f1": lambda y, p: reference.f1_score(y, p.argmax(1), average="weighted"),
    "ovr_accuracy": lambda y, p: np.mean([reference.accuracy_score(y == k, p.argmax(1) == k) for k in LABELS]),
    "f1_of_means": lambda y, p: stats.hmean(
        [
            reference.precision_score(y, p.argmax(1), average="macro"),
            reference.recall_score(y, p.argmax(1), average="macro"),
        ]
    ),
    "auc": lambda y, p: reference.roc_auc_score(y, p, multi_class="ovr"),
    "log_loss": lambda y, p: reference.log_loss(y, p, labels=LABELS),
}


def test_every_metric_has_a_reference():
    assert set(REFERENCES) == set(metrics.METRICS)


@pytest.mark.parametrize("name", REFERENCES)
@pytest.mark.parametrize("seed", range(3))
def test_metrics_equal_scikit_learn(name, seed):
    y_true, probabilities = drawn(seed)
    assert metrics.evaluate(name, y_true, probabilities) == pytest.approx(
        REFERENCES[name](y_true, probabilities), abs=1e-12
    )


@pytest.mark.parametrize("name", [n for n in REFERENCES if not n.startswith("top")])
def test_metrics_equal_scikit_learn_with_many_equal_probabilities(name):
    y_true, probabilities = drawn(5, n=200, coarse=True)
    assert metrics.evaluate(name, y_true, probabilities) == pytest.approx(
        REFERENCES[name](y_true, probabilities), abs=1e-12
    )


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 999), name=st.sampled_from(sorted(REFERENCES)))
def test_a_weight_is_a_repetition(seed, name):
    y_true, probabilities = drawn(seed, n=30)
    weights = np.random.default_rng(seed).integers(0, 4, (3, 30))
    weights[:, 0] += 1
    repeated = [metrics.evaluate(name, np.repeat(y_true, w), np.repeat(probabilities, w, axis=0)) for w in weights]
    np.testing.assert_allclose(metrics.evaluate(name, y_true, probabilities, weights), repeated, atol=1e-12)


def test_report_equals_scikit_learn_also_for_a_genre_nobody_predicts():
    y_true = np.array([0, 0, 1, 1, 2, 3])
    probabilities = np.eye(K)[[0, 1, 1, 1, 0, 0]]
    genres = ("blues", "jazz", "pop", "rock")
    expected = reference.classification_report(
        y_true, probabilities.argmax(1), labels=LABELS, target_names=genres, output_dict=True, zero_division=0
    )
    report = metrics.classification_report(y_true, probabilities, genres)
    assert list(report.index) == [*genres, "accuracy", "macro avg", "weighted avg"]
    assert report.loc["accuracy", "f1"] == expected.pop("accuracy")
    for row, values in expected.items():
        assert report.loc[row].rename({"f1": "f1-score"}).to_dict() == pytest.approx(values)


def test_by_hand():
    y_true = np.array([0, 0, 1, 2])
    probabilities = np.array([[0.5, 0.3, 0.2], [0.2, 0.5, 0.3], [0.1, 0.8, 0.1], [0.3, 0.4, 0.3]])
    np.testing.assert_array_equal(metrics.confusion_matrix(y_true, probabilities), [[1, 1, 0], [0, 1, 0], [0, 1, 0]])
    assert metrics.evaluate("accuracy", y_true, probabilities) == 2 / 4
    assert metrics.evaluate("macro_precision", y_true, probabilities) == pytest.approx((1 + 1 / 3 + 0) / 3)
    assert metrics.evaluate("macro_recall", y_true, probabilities) == pytest.approx((1 / 2 + 1 + 0) / 3)
    assert metrics.evaluate("macro_f1", y_true, probabilities) == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)
    assert metrics.evaluate("ovr_accuracy", y_true, probabilities) == pytest.approx((3 / 4 + 2 / 4 + 3 / 4) / 3)
    assert metrics.evaluate("log_loss", y_true, probabilities) == pytest.approx(-np.log([0.5, 0.2, 0.8, 0.3]).mean())
    assert list(metrics.ranks(y_true, probabilities)) == [1, 3, 1, 3], "among equals the first genre comes first"


def test_a_constant_guess_scores_what_the_errata_of_the_densenet_report_say():
    y_true = np.repeat(np.arange(8), 100)
    guess = np.tile([0.3, *[0.1] * 7], (800, 1))
    assert metrics.evaluate("ovr_accuracy", y_true, guess) == pytest.approx(0.78125)
    assert metrics.evaluate("accuracy", y_true, guess) == pytest.approx(0.125)


@given(hnp.arrays(float, (20, K), elements=st.integers(1, 3).map(float)), st.integers(0, 99))
def test_ranks_agree_with_sorting_and_rank_one_with_the_prediction(raw, seed):
    y_true = np.random.default_rng(seed).integers(0, K, 20)
    probabilities = raw / raw.sum(axis=1, keepdims=True)
    order = np.argsort(-probabilities, axis=1, kind="stable")
    ranks = metrics.ranks(y_true, probabilities)
    np.testing.assert_array_equal(order[np.arange(20), ranks - 1], y_true)
    np.testing.assert_array_equal(ranks == 1, probabilities.argmax(1) == y_true)


def test_auc_of_a_genre_without_clips_is_left_out():
    y_true = np.array([0, 0, 1, 1])
    probabilities = np.array([[0.8, 0.1, 0.1], [0.4, 0.5, 0.1], [0.3, 0.6, 0.1], [0.5, 0.4, 0.1]])
    assert metrics.evaluate("auc", y_true, probabilities) == pytest.approx((3 / 4 + 3 / 4) / 2)
    assert np.isnan(metrics.evaluate("auc", np.zeros(4, int), probabilities))


def test_t_interval_by_hand():
    interval = metrics.t_interval([0.5, 0.6, 0.7])
    half = 4.302652729911275 * 0.1 / np.sqrt(3)
    assert (interval.mean, interval.low, interval.high) == pytest.approx((0.6, 0.6 - half, 0.6 + half))
    assert 0.64 in interval
    assert 0.9 not in interval
    assert interval.label == "95% t-interval over 3 seeds"
    assert metrics.t_interval([0.97, 0.99], bounds=(0, 1)).high == 1
    with pytest.raises(ParameterError, match="at least 2"):
        metrics.t_interval([0.5])


def test_bootstrap_weights_draw_whole_tracks():
    group = np.array([0, 0, 1, 2, 2, 2])
    blocks = list(metrics.bootstrap_weights(group, 3, 500, seed=0))
    weights = np.concatenate(blocks)
    assert weights.shape == (500, 6)
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights[:, 3] == weights[:, 5]).all()
    assert (weights[:, [0, 2, 3]].sum(axis=1) == 3).all()
    np.testing.assert_allclose(weights.mean(axis=0), 1, atol=0.15)


def test_exact_mcnemar_by_hand():
    assert metrics.exact_mcnemar(0, 0) == 1
    assert metrics.exact_mcnemar(1, 5) == pytest.approx(2 * (1 + 6) / 2**6)
    assert metrics.exact_mcnemar(5, 1) == metrics.exact_mcnemar(1, 5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("acuracy", [0], [[1.0, 0]]), "did you mean 'accuracy'"),
        (("accuracy", [0, 1], [[1.0, 0]]), "do not fit"),
        (("accuracy", [], np.zeros((0, 2))), "no clips"),
        (("accuracy", [2], [[1.0, 0]]), "from 0 to 1"),
        (("accuracy", [0], [[np.nan, 0]]), "NaN"),
        (("accuracy", [0], [[1.0, 0]], [1, 1]), "2 columns for 1 clips"),
    ],
)
def test_wrong_input_is_named(arguments, message):
    with pytest.raises(ParameterError, match=message):
        metrics.evaluate(*arguments)


def test_report_is_a_table_of_floats():
    assert isinstance(metrics.classification_report(*drawn(0), ("a", "b", "c", "d")), pd.DataFrame)
