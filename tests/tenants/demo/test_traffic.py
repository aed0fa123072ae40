"""The demo's calls: seeded, of the size and shape that the story tells."""

from datetime import UTC, datetime, timedelta

from tenants.demo.books import STREAMS
from tenants.demo.traffic import Call, calls

LOADED_AT = datetime(2026, 3, 4, 11, 37, tzinfo=UTC)
ALL = list(calls([stream for _, stream in STREAMS], LOADED_AT))


def on(days_ago: int, name: str, hours: range = range(24)) -> list[Call]:
    day = (LOADED_AT - timedelta(days=days_ago)).date()
    return [c for c in ALL if c.stream.name == name and c.at.date() == day and c.at.hour in hours]


def test_about_three_hundred_thousand_calls_and_a_billion_tokens_in_sixty_days() -> None:
    assert 250_000 < len(ALL) < 350_000
    assert 0.8e9 < sum(call.tokens_in + call.tokens_out for call in ALL) < 1.8e9


def test_the_same_day_gives_the_same_calls() -> None:
    again = list(calls([stream for _, stream in STREAMS][:2], LOADED_AT))
    assert again == ALL[: len(again)]


def test_the_last_call_is_minutes_old_and_none_is_in_the_future() -> None:
    newest = max(call.at for call in ALL)
    assert timedelta(minutes=3) <= LOADED_AT - newest < timedelta(minutes=30)


def test_weekends_are_quiet() -> None:
    saturday, thursday = on(4, "copilot/chat-prod"), on(6, "copilot/chat-prod")
    assert len(saturday) < 0.4 * len(thursday)


def test_the_release_with_a_timestamp_before_the_prompt_was_cached_no_more() -> None:
    def cached(rows: list[Call]) -> float:
        return sum(c.tokens_cached for c in rows) / sum(c.tokens_in for c in rows)

    spiked, calm = (
        on(9, "support/ticket-triage", range(15, 19)),
        on(8, "support/ticket-triage", range(15, 19)),
    )
    assert cached(calm) > 0.5
    assert cached(spiked) < 0.06


def test_tokens_of_a_refused_call_are_none() -> None:
    refused = [call for call in ALL if call.outcome == "refused"]
    assert refused
    assert {(c.tokens_in, c.tokens_out, c.tokens_cached) for c in refused} == {(0, 0, 0)}
