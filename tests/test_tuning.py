"""Classical models on features: against the libraries themselves, and a search that keeps groups together."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from mgclib import fitted, models
from mgclib.datasets import Dataset
from mgclib.ensemble import members
from mgclib.errors import ParameterError
from mgclib.inputs import SummaryFeatures
from mgclib.training import run_seeds
from mgclib.tuning import MODELS, SPACES, TunedClassifier, fit_chosen, run_models, settings_of


def clips(n_genres: int = 3, per_track: int = 4, tracks: int = 6, seed: int = 0):
    """Features that tell the genre weakly and the track strongly."""
    rng = np.random.default_rng(seed)
    genre = np.repeat(np.arange(n_genres), tracks * per_track)
    track = np.repeat(np.arange(n_genres * tracks), per_track)
    x = rng.normal(size=(len(genre), 8)) + 0.6 * genre[:, None]
    x[:, 4:] += 6 * rng.normal(size=(n_genres * tracks, 4))[track]
    return x.astype(np.float32), genre, track


def music() -> Dataset:
    """Three genres of eight tracks of three clips."""
    rows = [(f"g{g}", f"g{g}-t{t}") for g in range(3) for t in range(8) for _ in range(3)]
    table = pd.DataFrame(rows, columns=["genre", "track_id"], index=pd.RangeIndex(len(rows)).map("c{:03d}".format))
    table = table.assign(artist=None, path=None, start_s=0.0, duration_s=1.0).rename_axis("clip_id")
    return Dataset("toy", table, ("g0", "g1", "g2"), "none", "none", 1.0, synthetic=True)


@pytest.mark.parametrize("name", SPACES)
def test_a_model_that_lacks_a_genre_gives_it_no_share(name):
    x, y, _ = clips()
    model = models.build(name, (8,), 4).fit(x[y != 1], y[y != 1])
    shares = model.predict_proba(x)
    assert shares.shape == (len(x), 4)
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-6)
    assert (shares[:, [1, 3]] == 0).all()
    assert (model.predict(x[y == 2]) == 2).mean() > 0.6
    with pytest.raises(ParameterError, match=r"\(5,\)"):
        models.build(name, (5,), 3).fit(x, y)


def test_trees_are_those_of_the_libraries():
    import lightgbm
    import xgboost

    x, y, _ = clips()
    ours = models.build(
        "xgboost", (8,), 3, n_estimators=20, learning_rate=0.2, size=3, least_leaf=1, rows=1.0, columns=1.0
    )
    reference = xgboost.XGBClassifier(n_estimators=20, learning_rate=0.2, max_depth=3, min_child_weight=1)
    np.testing.assert_allclose(ours.fit(x, y).predict_proba(x), reference.fit(x, y).predict_proba(x), atol=1e-5)
    total = reference.get_booster().get_score(importance_type="total_gain")
    expected = np.array([total.get(f"f{k}", 0.0) for k in range(8)])
    np.testing.assert_allclose(ours.gains_, expected / expected.sum(), rtol=1e-4)
    ours = models.build(
        "lightgbm", (8,), 3, n_estimators=20, learning_rate=0.2, size=3, least_leaf=0.01, rows=1.0, columns=1.0
    )
    reference = lightgbm.LGBMClassifier(
        n_estimators=20, learning_rate=0.2, num_leaves=8, min_child_weight=0.01, min_child_samples=5, verbose=-1
    )
    np.testing.assert_allclose(ours.fit(x, y).predict_proba(x), reference.fit(x, y).predict_proba(x), atol=1e-6)
    assert ours.gains_.sum() == pytest.approx(1)


@pytest.mark.parametrize("name", ["xgboost", "lightgbm"])
def test_the_seed_decides_what_a_tree_sees(name):
    x, y, _ = clips()
    shares = [models.build(name, (8,), 3, n_estimators=30, seed=k).fit(x, y).predict_proba(x) for k in (0, 0, 5)]
    np.testing.assert_array_equal(shares[0], shares[1])
    assert np.abs(shares[0] - shares[2]).max() > 1e-3


@pytest.mark.parametrize("n_genres", [2, 3])
def test_the_machine_is_scikit_learns_on_standardised_features(n_genres):
    x, y, _ = clips(n_genres)
    reference = make_pipeline(StandardScaler(), SVC(C=3.0, gamma=0.05, break_ties=n_genres > 2)).fit(x[::2], y[::2])
    ours = models.build("feature-svm", (8,), n_genres, C=3.0, gamma=0.05).fit(x[::2], y[::2])
    np.testing.assert_array_equal(ours.predict(x), reference.predict(x))


def test_the_search_keeps_groups_together_and_its_scores_can_be_had_by_hand():
    x, y, track = clips()
    tuned = TunedClassifier("feature-svm", (8,), 3, draws=4, folds=3, seed=7).fit(x, y, track)
    table = tuned.tables["search"]
    assert list(table["draw"]) == [0, 1, 2, 3]
    assert table["chosen"].sum() == 1
    assert table.loc[table["chosen"], "score"].iloc[0] == table["score"].max()
    settings = settings_of(table.assign(seed=7), 7)
    scores = []
    for a, b in StratifiedGroupKFold(3, shuffle=True, random_state=7).split(x, y, track):
        assert not set(track[a]) & set(track[b])
        model = make_pipeline(StandardScaler(), SVC(**settings)).fit(x[a], y[a])
        scores.append(f1_score(y[b], model.predict(x[b]), average="weighted"))
    assert table["score"].max() == pytest.approx(np.mean(scores))
    again = models.build("feature-svm", (8,), 3, **settings).fit(x, y)
    np.testing.assert_array_equal(again.predict_proba(x), tuned.predict_proba(x))
    with pytest.raises(ParameterError, match="seed=3"):
        settings_of(table.assign(seed=7), 3)


def test_folds_by_clip_flatter_where_tracks_can_be_recognised():
    x, y, track = clips(tracks=8)
    by_clip = TunedClassifier("feature-svm", (8,), 3, draws=8).fit(x, y).tables["search"]["score"].max()
    by_track = TunedClassifier("feature-svm", (8,), 3, draws=8).fit(x, y, track).tables["search"]["score"].max()
    assert by_clip > by_track + 0.05


def test_a_seed_fixes_the_search_and_few_groups_are_enough():
    x, y, track = clips(tracks=2)
    found = [TunedClassifier("xgboost", (8,), 3, draws=2, folds=5, seed=1, jobs=k).fit(x, y, track) for k in (1, 2)]
    np.testing.assert_array_equal(found[0].predict_proba(x), found[1].predict_proba(x))
    assert json.loads(found[0].tables["search"]["settings"][0]).keys() == SPACES["xgboost"].keys()
    one_artist = np.where(y == 0, 0, track)
    assert TunedClassifier("lightgbm", (8,), 3, draws=1, folds=5).fit(x, y, one_artist).model is not None


def test_run_seeds_tells_the_groups_and_keeps_the_search(tmp_path):
    dataset = music()
    x = np.random.default_rng(0).normal(size=(len(dataset), 8)) + dataset.labels[:, None]
    told = []

    class Listening(TunedClassifier):
        def fit(self, x, y, groups=None):
            told.append(len(np.unique(groups)))
            return super().fit(x, y, groups)

    def run():
        return run_seeds(
            dataset, x, lambda seed: Listening("feature-svm", (8,), len(dataset.genres), draws=2, seed=seed),
            protocol="grouped", sizes=(0.75, 0.0, 0.25), seeds=[0, 1], checkpoint_dir=tmp_path, verbose=False,
        )  # fmt: skip

    first, again = run(), run()
    assert told == [6 * len(dataset.genres)] * 2
    assert list(first.tables["search"].groupby("seed").size()) == [2, 2]
    pd.testing.assert_frame_equal(first.tables["search"], again.tables["search"])


@pytest.mark.parametrize(
    ("options", "named"),
    [({"name": "svm-pixels"}, "feature-svm"), ({"draws": 0}, "draws=0"), ({"folds": 1}, "folds=1")],
)
def test_bad_settings_are_named(options, named):
    with pytest.raises(ParameterError, match=named):
        TunedClassifier(**{"name": "xgboost", "input_shape": (8,), "n_genres": 3, **options})
    with pytest.raises(ParameterError, match="fit first"):
        TunedClassifier("xgboost", (8,), 3).predict_proba(np.zeros((1, 8)))


@pytest.fixture(scope="module")
def voted(tmp_path_factory):
    """The soft vote of two seeds by track, with what it needs to be asked again."""
    dataset = music()
    x = (np.random.default_rng(0).normal(size=(len(dataset), 8)) + dataset.labels[:, None]).astype(np.float32)
    place = tmp_path_factory.mktemp("vote")
    how = {"protocol": "grouped", "sizes": (0.6, 0.15, 0.25), "seeds": [3, 4], "checkpoint_dir": place, "draws": 2}
    recipe = SummaryFeatures()
    result = run_models(dataset, x, recipe=recipe, parameters={"experiment": "e"}, verbose=False, **how)
    return dataset, x, result, place


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("seed", [3, 4])
def test_a_model_fitted_once_more_answers_as_it_did_on_its_test_clips(voted, name, seed):
    dataset, x, result, _ = voted
    model, tested = fit_chosen(result, name, dataset, x, seed)
    stored = members(result)[name].select("test", seed).set_index("clip_id")
    assert set(stored.index) == set(dataset.clips.index[tested])
    shares = stored.loc[dataset.clips.index[tested], [f"p_{genre}" for genre in dataset.genres]]
    np.testing.assert_allclose(model.predict_proba(x[tested]), shares, atol=1e-5)


def test_the_vote_is_kept_as_the_model_that_answers(voted):
    dataset, x, result, place = voted
    kept = fitted.load(place / "grouped" / "seed-3" / "model")
    stored = result.select("test", 3).set_index("clip_id")
    rows = dataset.clips.index.get_indexer(stored.index)
    shares = stored[[f"p_{genre}" for genre in dataset.genres]]
    np.testing.assert_allclose(kept.classifier.predict_proba(x[rows]), shares, atol=1e-5)
    assert kept.about["accuracy"]["test"] == pytest.approx(result.metric("accuracy").loc[3], abs=1e-4)
    assert {"xgboost-cpu", "lightgbm"} <= kept.made_with.keys()
    seconds = {name: one.provenance["fitted"] for name, one in members(result).items()}
    assert len(seconds) == len(MODELS)
    each = [json.loads((place / "grouped" / name / "seed-3" / "result.json").read_text()) for name in MODELS]
    total = sum(one["provenance"]["fitted"]["seconds"] for one in each)
    assert result.provenance["fitted"]["3"]["seconds"] == pytest.approx(total, abs=0.02)
