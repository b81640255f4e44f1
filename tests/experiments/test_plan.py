from __future__ import annotations

import pytest

from mgclib.errors import MgcError, ParameterError, RunError
from mgclib.experiments import matrix, parameters
from mgclib.experiments.documents import parse_assignments, parse_seeds


def test_the_matrix_of_the_checkout(project):
    plan = matrix()
    assert list(plan.experiments) == ["tiny", "other"]
    tiny = plan.experiment("tiny")
    assert (tiny.page, tiny.report, tiny.notebook) == ("tiny", "cs464-2020", "tiny")
    assert tiny.timeout == {"smoke": 60, "demo": 3600, "real": 3600}
    assert plan.root == project.root
    assert plan.notebook(tiny).is_file()
    assert [e.name for e in plan.select((), "smoke")] == ["tiny", "other"]
    assert [e.name for e in plan.select(["tiny", "tiny"], "real")] == ["tiny"]


def test_stronger_layers_win(project):
    plan = matrix()
    tiny = plan.experiment("tiny")
    at_demo = parameters(tiny, plan.profile("demo"))
    assert (at_demo["C"], at_demo["width"], at_demo["protocol"], at_demo["dataset"]) == (3.0, 8, "random", "synthetic")
    at_smoke = parameters(tiny, plan.profile("smoke"), {"width": 2, "C": 1})
    assert (at_smoke["C"], at_smoke["width"], at_smoke["protocol"]) == (1.0, 2, "grouped")
    assert isinstance(at_smoke["C"], float)
    assert (at_smoke["experiment"], at_smoke["profile"]) == ("tiny", "smoke")


FAULTS = [
    ("    title: Tiny\n", "\ttitle: Tiny\n", RunError, ["experiments.yaml:8", "tab"]),
    ("title: Tiny", "title: Tiny\n    title: Twice", RunError, ["experiments.yaml:9", "'title'", "twice"]),
    ("title: Tiny", "titel: Tiny", RunError, ["'tiny'", "'titel'", "closest: 'title'"]),
    ("title: Tiny", "title: 3", RunError, ["'tiny'", "title=3", "str"]),
    ("notebook: tiny\n    report", "notebook: tinny\n    report", RunError, ["'tinny'", "closest: 'tiny'"]),
    ("table-7:", "table-77:", RunError, ["'tiny'", "table-77", "table-7"]),
    ("cs464-2020\n", "cs464\n", RunError, ["'tiny'", "closest: 'cs464-2020'", "techno"]),
    ("{metric: accuracy}", "{metric: accuracy, instead: tinny}", RunError, ["'tinny'", "closest: 'tiny'"]),
    ("{metric: accuracy}", "{metric: accuracy, requires: c}", RunError, ["requires 'c'", "closest: 'C'"]),
    ("{metric: accuracy}", "{metrik: accuracy}", RunError, ["table-7", "closest: 'metric'"]),
    (
        "{metric: accuracy}",
        "{note: none}",
        RunError,
        ["table-7", "exactly one of metric, shows, structure"],
    ),
    ("{metric: accuracy}", "{metric: acuracy}", RunError, ["table-7", "closest: 'accuracy'"]),
    ("{metric: accuracy}", "{metric: auc}", RunError, ["table-7", "states no auc"]),
    ("{metric: accuracy}", "{metric: accuracy, value: acc}", RunError, ["table-7", "no value 'acc'", "accuracy"]),
    ("{metric: accuracy}", "{metric: recall, genre: polka}", RunError, ["table-7", "'polka'", "metal"]),
    ("{metric: accuracy}", "{structure: tecno-cnn}", RunError, ["'tiny'", "did you mean 'techno-cnn'"]),
    ("{metric: accuracy}", "{parameters: {accuracy: D}}", RunError, ["table-7", "no parameter 'D'", "width"]),
    ("{metric: accuracy}", "{parameters: {D: C}}", RunError, ["table-7", "no value 'D'"]),
    ("title: Tiny", "title: Tiny\n    trains: no thanks", RunError, ["'tiny'", "trains='no thanks'", "bool"]),
    ("other:\n", "Other:\n", RunError, ["'Other'", "lower-case"]),
    ("{width: 16}", "{widht: 16}", ParameterError, ["'tiny'", "'smoke'", "closest: 'width'", "colours"]),
    ("{width: 16}", "{width: wide}", ParameterError, ["'tiny'", "'smoke'", "width='wide'", "int"]),
    ("{C: 3}", "{home: /music}", ParameterError, ["'tiny'", "home", "--home"]),
    ("{protocol: random}", "{protocol: 3}", ParameterError, ["'demo'", "protocol=3", "str"]),
    ("demo: , real", "dmo: , real", RunError, ["'tiny'", "'dmo'", "closest: 'demo'"]),
    ("{smoke: 60}", "{smoke: fast}", RunError, ["'tiny'", "timeout='fast'"]),
    ("tiny:\n", "../tiny:\n", RunError, ["'../tiny'", "letters"]),
    ("synthetic: true}\n  demo", "synthetic: 1}\n  demo", RunError, ["'smoke'", "synthetic=1", "bool"]),
]


@pytest.mark.parametrize(("old", "new", "kind", "told"), FAULTS, ids=[new.strip() for _, new, _, _ in FAULTS])
def test_a_fault_in_the_matrix_is_one_line_that_names_it(project, old, new, kind, told):
    project.replace(old, new)
    with pytest.raises(kind) as caught:
        matrix()
    message = str(caught.value)
    assert "\n" not in message
    assert "experiments.yaml" in message
    for part in told:
        assert part in message


def test_a_fact_of_the_run_can_be_claimed_without_a_parameter_of_that_name(project):
    claim = {"parameters": {"accuracy": "facts.share"}}
    project.replace("{metric: accuracy}", "{parameters: {accuracy: facts.share}}")
    assert matrix().experiment("tiny").reproduces["cs464-2020/table-7"] == claim
    project.replace("facts.share", "fact.share")
    with pytest.raises(RunError, match=r"no parameter 'fact\.share'"):
        matrix()


@pytest.mark.parametrize(
    "text", ["", "[]", "profiles: {}", "a: 1\n---\nb: 2", "{unclosed", "? [a]\n: 1", "\xe9: &x *x"]
)
def test_what_is_no_matrix_is_refused(project, text):
    project.write(text)
    with pytest.raises(RunError, match=r"experiments.yaml") as caught:
        matrix()
    assert "\n" not in str(caught.value)


def test_a_matrix_that_is_no_text(project):
    project.matrix.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RunError, match="UTF-8"):
        matrix()


@pytest.mark.parametrize(
    ("parameters_cell", "told"),
    [
        ("x = 1", "annotated"),
        ("x: int = open('f')", "literal"),
        ("x: int = 'a'", "x='a'"),
        ("x: int = 1", "lacks experiment"),
        ("x: int = ", "not Python"),
    ],
)
def test_a_bad_parameters_cell_names_the_notebook(project, parameters_cell, told):
    project.notebook("tiny", parameters=parameters_cell)
    with pytest.raises(RunError, match=told) as caught:
        matrix()
    assert "tiny.ipynb" in str(caught.value)


def test_a_notebook_that_is_none(project):
    (project.root / "notebooks" / "tiny.ipynb").write_text("{}", encoding="utf-8")
    with pytest.raises(RunError, match="not a Jupyter notebook"):
        matrix()


@pytest.mark.parametrize(
    ("name", "value", "taken"),
    [
        ("C", 5, 5.0),
        ("C", 1e-3, 1e-3),
        ("width", 3, 3),
        ("patience", None, None),
        ("patience", 4, 4),
        ("kernel", "linear", "linear"),
        ("sizes", [1, 0, 0.5], [1.0, 0.0, 0.5]),
        ("seeds", [3, 4], [3, 4]),
        ("dataset_options", {"clip_seconds": 3}, {"clip_seconds": 3}),
        ("colours", True, True),
    ],
)
def test_values_of_the_declared_type_pass(project, name, value, taken):
    plan = matrix()
    found = parameters(plan.experiment("tiny"), plan.profile("smoke"), {name: value})[name]
    assert found == taken
    assert type(found) is type(taken)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("width", True),
        ("width", 3.0),
        ("width", "3"),
        ("C", True),
        ("C", "1"),
        ("C", float("nan")),
        ("colours", 1),
        ("kernel", "poly"),
        ("sizes", 0.7),
        ("sizes", ["a"]),
        ("seeds", [0.5]),
        ("dataset_options", []),
        ("patience", "none"),
        ("protocol", None),
    ],
)
def test_values_of_another_type_are_refused(project, name, value):
    plan = matrix()
    with pytest.raises(ParameterError, match=f"tiny at profile smoke: {name}") as caught:
        parameters(plan.experiment("tiny"), plan.profile("smoke"), {name: value})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["experiment", "profile", "dataset", "home", "results_dir", "checkpoint_dir"])
def test_what_mgc_run_fills_in_cannot_be_overridden(project, name):
    plan = matrix()
    with pytest.raises(ParameterError, match=name):
        parameters(plan.experiment("tiny"), plan.profile("smoke"), {name: "x"})


def test_a_profile_that_an_experiment_does_not_have(project):
    plan = matrix()
    with pytest.raises(RunError, match=r"other does not run at profile 'real'; it runs at: smoke; at 'real' run: tiny"):
        plan.select(["other"], "real")
    with pytest.raises(RunError, match=r"no profile 'reel'; closest: 'real'"):
        plan.select((), "reel")
    with pytest.raises(RunError, match=r"no experiment 'tyni'; closest: 'tiny'"):
        plan.select(["tyni"], "smoke")


def test_assignments_are_read_as_yaml():
    values = parse_assignments(["C=1e-3", "sizes=[0.8, 0, 0.2]", "name=a=b", "none=null", "on=true", "x=2e5"])
    assert values == {"C": 1e-3, "sizes": [0.8, 0, 0.2], "name": "a=b", "none": None, "on": True, "x": 2e5}
    for wrong in ("C", "=3", "a b=3", "C=[1", "C={a: 1, a: 2}"):
        with pytest.raises(ParameterError) as caught:
            parse_assignments([wrong])
        assert "\n" not in str(caught.value)
    with pytest.raises(ParameterError, match="twice"):
        parse_assignments(["C=1", "C=2"])


def test_seeds():
    assert parse_seeds("0, 1,2") == [0, 1, 2]
    for wrong in ("", "a", "0,,1", "-1", "0,0", "1.5"):
        with pytest.raises(ParameterError, match="0,1,2"):
            parse_seeds(wrong)


def test_errors_are_of_the_house(project):
    project.replace("table-7:", "nothing:")
    with pytest.raises(MgcError):
        matrix()


DRAWS = """
  drawing:
    title: Drawing
    notebook: drawing
    trains: false
    profiles: {smoke: }
"""


def test_a_page_that_only_draws_needs_no_parameters_of_training(project):
    own = 'experiment: str = ""\nprofile: str = ""\nshare: float = 0.5'
    project.notebook("drawing", "print(share)", parameters=own)
    project.replace("  other:\n", f"{DRAWS.lstrip(chr(10))}  other:\n")
    plan = matrix()
    given = parameters(plan.experiment("drawing"), plan.profile("smoke"), {"share": 1})
    assert given == {"experiment": "drawing", "profile": "smoke", "share": 1.0}
    with pytest.raises(ParameterError, match="unknown parameter 'seeds'"):
        parameters(plan.experiment("drawing"), plan.profile("smoke"), {"seeds": [1]})
    project.replace("    trains: false\n", "")
    with pytest.raises(RunError, match="parameters cell lacks dataset, home"):
        matrix()


def test_a_page_that_only_draws_says_for_which_experiment_and_profile(project):
    project.notebook("drawing", "print(share)", parameters='experiment: str = ""\nshare: float = 0.5')
    project.replace("  other:\n", f"{DRAWS.lstrip(chr(10))}  other:\n")
    with pytest.raises(RunError, match="parameters cell lacks profile"):
        matrix()
