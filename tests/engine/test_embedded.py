from __future__ import annotations


def test_a_query_answers(any_engine):
    assert any_engine.session.range(5).count() == 5
