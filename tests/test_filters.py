"""How far layers hear, against hand arithmetic and the report's sizes; filters against sine waves."""

from __future__ import annotations

import numpy as np
import pytest

from mgclib import filters, models, reports
from mgclib.errors import ParameterError


@pytest.fixture(scope="module")
def fields():
    return filters.receptive_fields("cnn-1d-waveform")


def test_fields_are_those_of_hand_arithmetic(fields):
    # 27 · +3·2 · +51·8 · +7·8 · +96·64 · +3·128 · +126·512, with steps 2, 8, 8, 64, 128, 512, 512
    assert fields["field"].tolist() == [27, 33, 441, 497, 6641, 7025, 71537]
    assert fields["step"].tolist() == [2, 8, 8, 64, 128, 512, 512]
    assert fields.loc[1, "field_ms"] == pytest.approx(27 / 22.05)
    assert fields.loc[7, "step_ms"] == pytest.approx(512 / 22.05)


def test_fields_and_steps_give_the_positions_that_the_report_implies(fields):
    samples, *lengths = reports.item("cs464-2020/listing-1d-cnn-raw").derived["lengths"]
    assert ((samples - fields["field"]) // fields["step"] + 1).tolist() == lengths == fields["positions"].tolist()


def test_the_last_field_is_the_shortest_input(fields):
    shortest, step = (int(fields[name].iloc[-1]) for name in ("field", "step"))
    for samples, positions in ((shortest, 1), (shortest + step - 1, 1), (shortest + step, 2)):
        assert filters.receptive_fields("cnn-1d-waveform", (samples, 1))["positions"].iloc[-1] == positions
    with pytest.raises(ParameterError, match=f"needs {shortest}"):
        models.build("cnn-1d-waveform", (shortest - 1, 1), 10)


def test_strides_in_place_of_pools_keep_the_steps():
    strided = models.build("cnn-1d-waveform", (71537, 1), 10, pooling=False)
    convolutions = [layer for layer in strided.layers if layer.__class__.__name__ == "Conv1D"]
    assert np.prod([layer.strides[0] for layer in convolutions]) == 512
    assert not any("Pooling" in layer.__class__.__name__ for layer in strided.layers)
    shortest = 1 + 26 + 51 * 8 + 96 * 64 + 126 * 512
    assert models.build("cnn-1d-waveform", (shortest, 1), 10, pooling=False).layers[4].output.shape[1] == 1
    with pytest.raises(ParameterError, match=f"needs {shortest}"):
        models.build("cnn-1d-waveform", (shortest - 1, 1), 10, pooling=False)


def test_networks_without_windows_on_one_axis_are_refused():
    with pytest.raises(ParameterError, match="one axis"):
        filters.receptive_fields("techno-cnn")
    with pytest.raises(ParameterError, match="no network"):
        filters.receptive_fields("svm-pixels")
    with pytest.raises(ParameterError, match="no windows"):
        filters.receptive_fields("lstm")


def test_kernels_are_the_filters_of_the_first_layer():
    from mgclib.models.backend import import_keras

    model = models.build("cnn-1d-waveform", (71537, 1), 2)
    kernels = filters.first_kernels(model)
    assert kernels.shape == (8, 27)
    x = np.random.default_rng(0).normal(size=71537).astype("float32")
    first = next(layer for layer in model.layers if layer.name.startswith("conv"))
    heard = import_keras().Model(model.inputs, first.output).predict(x[None, :, None], verbose=0)[0]
    np.testing.assert_allclose(heard[5], np.maximum(kernels @ x[10:37], 0), atol=1e-5)
    with pytest.raises(ParameterError, match="one channel"):
        filters.first_kernels(models.build("cnn-1d-mel", (120, 120, 3), 2))


def test_reach_draws_every_layer_with_its_length(fields):
    axes = filters.reach(fields).axes[0]
    ends = [bar.get_x() + bar.get_width() for bar in axes.patches]
    np.testing.assert_allclose(ends, fields["field_ms"])
    texts = [text.get_text() for text in axes.texts]
    assert "1.2 ms" in texts
    assert "3.2 s" in texts


def test_a_filter_answers_the_tone_that_it_resembles():
    tone = np.sin(2 * np.pi * 3000 * np.arange(27) / 22050)
    figure = filters.responses(np.stack([tone, tone[::-1]]))
    line = figure.axes[0].lines[0]
    assert line.get_xdata()[np.argmax(line.get_ydata())] == pytest.approx(3.0, abs=0.1)
    with pytest.raises(ParameterError, match="cannot be drawn"):
        filters.responses(np.zeros(27))


def test_filters_before_training_are_drawn_behind_those_after_on_one_scale():
    before, after = np.eye(3, 9), 4 * np.eye(3, 9)  # a single tap lets every frequency through alike
    panels = filters.responses(after, before).axes[:3]
    for axes in panels:
        heights = {line.get_label(): set(line.get_ydata().round(9)) for line in axes.lines}
        assert heights == {"before": {1.0}, "after training": {4.0}}
        assert axes.get_ylim() == panels[0].get_ylim()
    with pytest.raises(ParameterError, match="before alike"):
        filters.responses(after, before[:2])
