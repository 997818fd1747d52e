from hypothesis import given
from hypothesis import strategies as st

from promptbench.view.address import Address, read_address


@given(st.text())
def test_any_target_is_read_or_is_no_page(target: str):
    for each in (target, f"/{target}", f"/run/{target}", f"/compare?{target}"):
        found = read_address(each)
        assert found is None or found.page in ("runs", "live", "run", "compare")


texts = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.sampled_from(["runs", "live", "run", "compare"]), texts.filter(bool), texts, texts)
def test_an_address_leads_back_to_itself_and_to_this_server(page, run, first, second):
    ids = {"run": {"run": run}, "compare": {"first": first, "second": second}}.get(page, {})
    address = Address(page, **ids)
    path = address.path()
    assert path.isascii() and path.isprintable() and " " not in path
    assert path.startswith("/") and not path.startswith("//") and "\\" not in path
    assert read_address(path) == address


def test_a_token_is_read_beside_the_rest():
    assert read_address("/compare?a=x&token=t&b=y") == Address("compare", "", "x", "y", "t")
    assert read_address("/run/a%20b?token=") == Address("run", "a b", token="")
