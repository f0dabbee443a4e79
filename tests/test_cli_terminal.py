"""Texts of strangers, as a terminal gets them."""

from houseprice.cli.terminal import one_line, printable


def test_control_characters_are_replaced() -> None:
    """Those that steer a terminal and halves of characters; words of all languages and lines stay."""
    assert printable("a\x1b[31m\x9b2J\rb\ud800\tÖst\n東京") == "a�[31m�2J�b�\tÖst\n東京"
    assert one_line("ok\nfiles   passed\r\n") == "ok files   passed"


def test_a_long_text_is_cut() -> None:
    """And shows that it was."""
    assert printable("x" * 10, 10) == "x" * 10
    assert printable("x" * 11, 10) == "x" * 10 + "…"
