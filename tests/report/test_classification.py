import re

import pytest

from promptbench.metric.answer import Answer
from promptbench.record import Case
from promptbench.report.confusion import confuse
from promptbench.report.material import Material
from promptbench.report.page import build_page
from promptbench.report.reliability import reliability
from promptbench.stats.interval import Estimate
from tests.report.labelled import chosen, drawn, labels_of, made, written
from tests.report.packed import unpacked
from tests.report.records import cases as plain_cases
from tests.report.records import run as plain_run
from tests.report.test_page import Elements, text_of

LABELS = labels_of(["good", "bad", "odd"])


def section(page: str) -> str:
    return page.split('<section id="classification"')[1].split("</section>")[0]


def cells(matrix) -> list[list[int]]:
    return [[cell.count for cell in row.cells] for row in matrix.rows]


def test_rows_are_references_and_columns_answers():
    found = confuse([Answer(0, 0), Answer(0, 1), Answer(0, 1), Answer(1, 1)], LABELS.names)
    assert cells(found) == [[1, 2, 0], [0, 1, 0], [0, 0, 0]]
    assert found.columns == ("good", "bad", "odd")
    assert (found.right, found.none_named, found.total) == (2, 0, 4)
    assert [cell.heat for cell in found.rows[0].cells] == [4, 7, 0]
    assert [cell.right for cell in found.rows[0].cells] == [True, False, False]


def test_there_is_a_column_for_no_label_only_where_it_is_needed():
    found = confuse([Answer(0, -1), Answer(1, 1)], LABELS.names)
    assert found.columns[-1] == "none named"
    assert cells(found)[0] == [0, 0, 0, 1]
    assert found.none_named == 1


def test_a_label_has_precision_recall_and_f1():
    answers = [Answer(0, 0), Answer(0, 0), Answer(0, 1), Answer(0, -1), Answer(1, 0)]
    first, second, third = confuse(answers, LABELS.names).rows
    assert (first.precision, first.recall, first.support) == (2 / 3, 0.5, 4)
    assert first.f1 == pytest.approx(2 * (2 / 3) * 0.5 / (2 / 3 + 0.5))
    assert (second.precision, second.recall, second.f1) == (0.0, 0.0, 0.0)
    assert (third.precision, third.recall, third.f1, third.support) == (None, None, 0.0, 0)


def test_the_commonest_confusions_come_first_and_no_label_is_one():
    answers = [Answer(0, 1)] + [Answer(1, 0)] * 3 + [Answer(2, -1)] * 2
    found = confuse(answers, LABELS.names).confusions
    assert [(one.reference, one.answer, one.count, one.support) for one in found] == [
        ("bad", "good", 3, 3),
        ("odd", "none named", 2, 2),
        ("good", "bad", 1, 1),
    ]


def test_many_labels_are_drawn_and_only_what_is_there():
    names = [f"label {place}" for place in range(77)]
    found = confuse([Answer(3, 3), Answer(3, 3), Answer(76, -1)], names).drawing
    assert [(one.share, one.right) for one in found.squares] == [(1.0, True), (1.0, False)]
    assert found.squares[0].title == "label 3, answered label 3: 2"
    last = found.squares[1]
    assert (last.x + found.side, last.y + found.side) == (found.width, found.height)
    assert confuse([Answer(0, 0)], names[:12]).drawing is None


def test_a_bin_is_as_high_as_its_accuracy():
    pairs = [(0.95, 1.0), (0.97, 0.0), (0.25, 1.0)]
    found = reliability(pairs, Estimate(0.4, -0.1, 0.9, 3, 3, "jackknife"))
    low, high = found.bins
    assert (low.count, low.accuracy, low.confidence) == (1, 1.0, 0.25)
    assert (high.count, high.accuracy, high.confidence) == (2, 0.5, pytest.approx(0.96))
    assert low.height == 2 * high.height == pytest.approx(found.bottom - found.top)
    assert (found.shown, found.interval) == ("0.400", "0.000 to 0.900")


def test_the_page_shows_a_candidate_after_the_other():
    page = section(build_page(Material(*drawn(3, 30))))
    shown = text_of("</style>" + page)
    assert "3 labels. A written answer counts by the first of them in it." in shown
    assert (
        page.count("<details") == 2 and page.count('<details class="prompt classified" open>') == 1
    )
    assert page.count('<table class="matrix"') == 2
    assert page.count('<table class="classes"') == 2
    # Only the candidate that chose has confidences.
    assert page.count('<figure class="reliability"') == 1
    assert re.search(r"Expected calibration error 0\.\d{3} , 95% interval 0\.\d{3} to 0", shown)
    assert "named no label" in shown and "none named" in shown


def test_a_matrix_of_many_labels_stays_small():
    page = section(build_page(Material(*drawn(77, 154))))
    assert '<table class="matrix"' not in page
    assert page.count('<svg class="squares"') == 2
    assert "Most frequent confusions" in page
    assert len(page) < 150_000


def test_the_settings_of_a_metric_do_not_list_many_labels():
    page = text_of(build_page(Material(*drawn(20, 20))))
    assert "labels: 20 · parser: first · names: 20 of them" in page


def test_the_same_records_give_the_same_bytes():
    assert build_page(Material(*drawn(20, 40))) == build_page(Material(*drawn(20, 40)))


def test_what_cannot_be_judged_is_counted():
    rows = [Case("case-0", {}, ("good",)), Case("case-1", {}, ("dinner",))]
    answers = {"a": [[written("good")], [written("good")]]}
    page = text_of("</style>" + section(build_page(Material(*made(LABELS, rows, answers)))))
    assert "1 of 1 right · 1 not judged" in page


def test_a_candidate_without_any_answer_says_so():
    rows = [Case("case-0", {}, ("dinner",))]
    page = section(build_page(Material(*made(LABELS, rows, {"a": [[written("good")]]}))))
    assert "No answer of this candidate can be judged." in page
    assert "<table" not in page


def test_one_case_has_no_interval():
    rows = [Case("case-0", {}, ("good",))]
    answers = {"a": [[chosen("good", (1.0, 0.0, 0.0))]]}
    assert "95% interval no interval" not in section(
        build_page(Material(*made(LABELS, rows, answers)))
    )


def test_a_suite_without_labels_has_no_such_section():
    page = build_page(Material(plain_run("a"), plain_cases(1), []))
    assert 'id="classification"' not in page and 'href="#classification"' not in page


def test_an_answer_that_names_no_label_says_so_at_its_case():
    rows = [Case("case-0", {}, ("good",))]
    page = build_page(Material(*made(LABELS, rows, {"a": [[written("no idea")]]})))
    (((output,),),) = unpacked(page)["outputs"]
    assert output["text"] == "no idea"
    assert "names no label" in " ".join(output["more"]["said"])
    assert output["values"][0] == 0


@pytest.mark.parametrize("count", [3, 20])
def test_hostile_labels_do_not_become_markup(count: int):
    def tags(name: str) -> list[str]:
        names = [f"{name} {place}" for place in range(count)]
        return Elements(build_page(Material(*drawn(count, 40, names=names)))).tags()

    assert tags("</script><img src=x onerror=alert(1)>") == tags("harmless")
