"""Clouds: every clip is drawn once, in its genre's look, and nothing comes from the network."""

from __future__ import annotations

import io
import json
import re

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from mgclib import clouds
from mgclib.errors import ParameterError

GENRES = [f"genre-{k}" for k in range(10)]
RNG = np.random.default_rng(0)


def cloud_of(n: int, genres=GENRES) -> pd.DataFrame:
    places = RNG.normal(size=(n, 3)) * [20_000, 5000, 900]
    table = pd.DataFrame(places, columns=clouds.COMPONENTS).astype(np.float32)
    return table.assign(clip_id=[f"c{k}" for k in range(n)], genre=[genres[k % len(genres)] for k in range(n)])


def test_no_two_genres_look_the_same():
    looks = clouds.genre_looks(56)
    assert len(set(looks)) == 56
    colours = [colour for colour, _ in looks[:8]]
    assert len(set(colours)) == 8
    for k in (8, 9):  # where a colour comes again, one of the two shapes is hollow
        assert looks[k][1].endswith("-open") != looks[k - 8][1].endswith("-open")


def test_shapes_are_told_apart_by_matplotlib_too():
    looks = [(shape, name.endswith("-open")) for name, shape in clouds.SHAPES.items()]
    assert len(set(looks)) == len(looks)
    assert all(shape in mpl.lines.Line2D.markers for shape, _ in looks)


def test_the_four_sides_show_every_clip_with_the_right_coordinates():
    cloud = cloud_of(40)
    figure = clouds.sides(cloud, GENRES, shares=[0.5, 0.3, 0.1], note="a note")
    left, right, front, above = figure.axes
    places = {}
    for axes, seen in ((front, [0, 2]), (above, [0, 1])):
        points = np.vstack([np.asarray(drawn.get_offsets()) for drawn in axes.collections])
        expected = cloud.sort_values("genre", key=lambda g: g.map(GENRES.index), kind="stable")
        np.testing.assert_allclose(points, expected[[clouds.COMPONENTS[k] for k in seen]], rtol=1e-6)
        assert axes.get_aspect() == 1
        places[axes] = axes.get_xlabel(), axes.get_ylabel()
    assert places[front] == ("component 1 (50 %)", "component 3 (10 %)")
    assert places[above] == ("component 1 (50 %)", "component 2 (30 %)")
    assert left.name == right.name == "3d"
    assert (left.azim, left.elev) != (right.azim, right.elev)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == GENRES
    picture = Image.open(io.BytesIO(figure._repr_png_())).convert("RGB")
    assert len(picture.getcolors(10**6)) > 100


def test_variance_adds_up_and_marks_the_report():
    figure = clouds.variance({"recorded": [0.3, 0.2, 0.1], "this build": pd.Series([0.5, 0.25])}, reported=0.5156)
    axes = figure.axes[0]
    lines = {line.get_label(): line for line in axes.get_lines() if not line.get_label().startswith("_")}
    np.testing.assert_allclose(lines["recorded"].get_ydata(), [30, 50, 60])
    np.testing.assert_allclose(lines["this build"].get_ydata(), [50, 75])
    np.testing.assert_allclose(lines["report: 51.56 %"].get_ydata(), 51.56)
    assert {text.get_text() for text in axes.texts} == {"30 %", "50 %", "60 %", "75 %"}


@pytest.fixture
def shown():
    tables = {"recorded": cloud_of(30), "this build": cloud_of(20, GENRES[:3])}
    return tables, clouds.rotatable(tables, GENRES)


def test_the_page_names_no_address_and_no_folder_of_this_machine(shown):
    page = shown[1].page()
    assert not re.search(r"https?:|(?<![:\w])//\w|file:|/home|/work|site-packages", page, re.IGNORECASE)
    assert clouds.SCRIPT in page
    assert "four sides" in page
    assert len(page) < 40_000


def test_every_clip_can_be_found_in_the_cloud(shown):
    tables, cloud = shown
    data = cloud.figure.data
    first = [trace for trace in data if trace.visible]
    assert [trace.name for trace in first] == GENRES
    assert len({(trace.marker.color, trace.marker.symbol) for trace in first}) == 10
    found = pd.concat(
        pd.DataFrame({"clip_id": trace.text, "genre": trace.name, "x": trace.x, "z": trace.z}) for trace in first
    )
    expected = tables["recorded"].set_index("clip_id")
    found = found.set_index("clip_id").loc[expected.index]
    assert (found["genre"] == expected["genre"]).all()
    np.testing.assert_array_equal(found[["x", "z"]], expected[["component_1", "component_3"]])


def test_buttons_change_between_the_clouds(shown):
    cloud = shown[1]
    buttons = cloud.figure.layout.updatemenus[0].buttons
    assert [button.label for button in buttons] == ["recorded", "this build"]
    for button, count in zip(buttons, (30, 20), strict=True):
        on = button.args[0]["visible"]
        assert sum(len(trace.x) for trace, seen in zip(cloud.figure.data, on, strict=True) if seen) == count
    alone = clouds.rotatable({"this build": cloud_of(4)})
    assert not alone.figure.layout.updatemenus


def test_jupyter_and_the_book_get_the_same_figure(shown):
    bundle = shown[1]._repr_mimebundle_(include=None, exclude=None)
    assert set(bundle) == {"application/vnd.plotly.v1+json", "text/html", "text/plain"}
    inside = re.search(r"const figure = (\{.*\});$", bundle["text/html"], re.M).group(1)
    assert json.loads(inside) == bundle["application/vnd.plotly.v1+json"]
    json.dumps(bundle)
    assert "30 clips (recorded)" in bundle["text/plain"]


def test_names_of_clips_cannot_break_the_page():
    evil = cloud_of(4).assign(clip_id="</script><b>", genre="a<b")
    page = clouds.rotatable({"mine": evil}).page()
    assert page.count("</script>") == 1
    assert "<b>" not in page


@pytest.mark.parametrize("draw", [clouds.sides, lambda cloud, *genres: clouds.rotatable({"a": cloud}, *genres)])
def test_errors_say_what_was_expected(draw):
    with pytest.raises(ParameterError, match="lacks component_3"):
        draw(cloud_of(4).drop(columns="component_3"))
    with pytest.raises(ParameterError, match="is empty"):
        draw(cloud_of(4)[:0])
    with pytest.raises(ParameterError, match="'genre-3' that is not among genre-0"):
        draw(cloud_of(4), ["genre-0", "genre-1", "genre-2"])


def test_nothing_to_draw_is_an_error():
    with pytest.raises(ParameterError, match="no cloud"):
        clouds.rotatable({})
    for curves in ({}, {"a": []}):
        with pytest.raises(ParameterError, match="no variance"):
            clouds.variance(curves)
    with pytest.raises(ParameterError, match=r"5 curves .* at most 4"):
        clouds.variance({name: [0.5] for name in "abcde"})
