from __future__ import annotations

import pytest

from publisher.render.direction import RLM, direction, first_strong, is_rtl, lead_in


@pytest.mark.parametrize(
    "language", ["fa", "fa-IR", "ar", "he", "ur", "ckb", "ps", "yi", "dv", "az-Arab", "fa-IR-u-nu-arab"]
)
def test_languages_that_run_from_right_to_left(language):
    assert direction(language) == "rtl"
    assert is_rtl(language)


@pytest.mark.parametrize(
    "language", ["en", "az", "zh-Hant", "", "x-none", "no such language", "en_US_POSIX_x"]
)
def test_all_others_and_what_is_no_language_run_from_left_to_right(language):
    assert direction(language) == "ltr"
    assert not is_rtl(language)


@pytest.mark.parametrize(
    ("text", "way"),
    [
        ("Word", "ltr"),
        ("گزارش", "rtl"),
        ("מילה", "rtl"),
        ("(2026) گزارش Word", "rtl"),
        ("«S-300» گزارش", "ltr"),
        (f"{RLM}Word", "rtl"),
        ("新华", "ltr"),
        ("123 - ۱۲۳", ""),
        ("", ""),
    ],
)
def test_the_first_strong_character_decides(text, way):
    assert first_strong(text) == way


def test_a_mark_leads_only_right_to_left_text_that_would_flip():
    assert lead_in("S-300 در مرز", "fa") == f"{RLM}S-300 در مرز"
    assert lead_in("123", "fa") == f"{RLM}123"
    assert lead_in("گزارش S-300", "fa") == "گزارش S-300"
    assert lead_in("گزارش", "en") == "گزارش"
    assert lead_in("Word", "en") == "Word"
    assert lead_in(lead_in("S-300", "fa"), "fa") == f"{RLM}S-300"
