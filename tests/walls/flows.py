"""The flows of access: where each is done in a real browser, which doors refuse the wrong people, and where a script does it.

`test_flows.py` holds that each named test and door exists, and that `docs/flows.md` says the same;
`python -m tests.walls.flows` writes it anew.
"""

from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent.parent / "docs/flows.md"

ASKING, MORE, DECIDING, INBOX = (
    f"tests/browser/test_{name}.py" for name in ("asking_flows", "terms_and_more", "deciding", "approvals")
)
GRANTED, LEAVING, RAISES, WATCHING, STORY = (
    f"tests/browser/test_{name}.py" for name in ("granted", "leaving", "raises", "watching", "story")
)
ACCESS, ADVICE, NOTIFY = (
    "tests/tenants/access",
    "tests/tenants/advice/test_pages.py",
    "tests/foundry/notify/test_pages.py",
)
SCRIPT, THREAD, API = f"{ACCESS}/test_by_script.py", f"{ACCESS}/test_thread.py", f"{ACCESS}/test_api.py"

# What several rows name.
CLICKS = "tests/browser/test_asking.py::test_four_clicks_lead_from_the_sign_in_page_to_a_sent_request"
DRAFT = f"{ASKING}::test_a_draft_is_picked_up_sized_and_sent_with_an_answer_to_an_admins_question"
TRIAL = f"{MORE}::test_a_small_trial_is_approved_by_the_policy_at_once_and_more_is_asked_with_the_evidence"
THE_STORY = f"{STORY}::test_from_a_wish_to_a_refused_key"
TALK = f"{DECIDING}::test_asked_answered_denied_and_asked_again"
HANDED = f"{RAISES}::test_a_step_is_handed_on_and_finance_decides_beside_the_budget"
STOPPED = f"{GRANTED}::test_two_reasons_stop_it_each_is_lifted_by_itself_and_the_past_is_kept"
UNUSED = f"{GRANTED}::test_what_nobody_calls_is_kept_then_given_back_in_a_review_and_asked_for_again"
RENEWED = f"{GRANTED}::test_a_reminder_leads_to_one_click_that_asks_for_more_time_and_it_is_prolonged"
LEFT = f"{LEAVING}::test_who_leaves_loses_what_is_theirs_and_the_team_goes_on_even_without_its_owner"
DUE = f"{DECIDING}::test_an_untouched_step_passes_to_the_next_approver_when_it_is_due"
POLICY = "tests/browser/test_policies.py::test_a_policy_is_tried_on_past_requests_and_changes_only_later_ones"
RETIREMENT = f"{WATCHING}::test_a_retirement_from_its_date_to_the_closing_report"
ASKED_BACK = f"{API}::test_a_request_is_asked_and_read_back_in_the_same_words"
PREVIEWED = f"{API}::test_the_preview_tells_steps_cost_and_capacity_and_writes_nothing"
THREADED = f"{THREAD}::test_the_thread_is_told_and_written_over_the_api"
LISTED = f"{ACCESS}/test_inbox.py::test_a_script_lists_previews_and_approves_what_waits_for_it"
RETIRED = (
    f"{ADVICE}::test_the_api_opens_names_what_follows_moves_shows_the_burn_down_and_closes_with_the_report"
)
POLICIES = f"{SCRIPT}::test_a_policy_is_drafted_tried_and_switched_on_and_a_trial_is_approved_at_once"


@dataclass(frozen=True, slots=True)
class Flow:
    """One thing that people do. :param doors: `method name` of rows of `tests/walls/doors/` that refuse somebody.

    :param api: tests that do it over the API; empty only where `no_api` says why.
    """

    name: str
    browser: tuple[str, ...]
    doors: tuple[str, ...]
    api: tuple[str, ...]
    no_api: str = ""


FLOWS = [
    Flow("Ask from an offer, in four clicks", (CLICKS,), ("post request-new", "post api:request-list"), (ASKED_BACK,)),
    Flow("Size by a calculator or like what runs", (DRAFT,), ("post api:request-list",),
         (f"{ACCESS}/test_size.py::test_an_application_that_runs_lends_its_size_to_those_who_may_see_it",)),
    Flow("See price, headroom, terms, deciders and what data rules out while typing", (THE_STORY, TRIAL),
         ("post request-new",), (PREVIEWED,)),
    Flow("Keep a draft", (DRAFT,), ("delete api:draft-detail",), (f"{ACCESS}/test_drafts.py::test_the_same_by_api",)),
    Flow("Answer an admin's questions", (DRAFT,), ("post questions", "post api:question-list"),
         (f"{SCRIPT}::test_an_admin_adds_changes_and_retires_a_question",
          f"{ACCESS}/test_questions.py::test_an_answer_is_needed_by_page_and_by_api_and_stands_on_the_decisions_page")),
    Flow("Send a request twice and ask once", (CLICKS,), ("post api:request-list",),
         (f"{ACCESS}/test_sent_twice.py::test_eight_at_once_under_one_key_ask_once",)),
    Flow("Ask for more of what one has, with the evidence", (TRIAL,), ("post request-new", "get grant"),
         (f"{SCRIPT}::test_asking_for_more_previews_what_is_held_and_used_and_asks_to_change_that_grant",)),
    Flow("Acknowledge terms and each new version",
         (f"{MORE}::test_new_terms_show_whom_they_hit_and_the_team_acknowledges_them_once", THE_STORY),
         ("post terms-next", "post terms-acknowledge"), (f"{ACCESS}/test_terms.py::test_the_api_acknowledges_once",)),
    Flow("Draft, order, try and switch on a policy", (POLICY,), ("get policies", "post api:policy-switch-on"), (POLICIES,)),
    Flow("Have a small trial approved at once, by a policy that is shown", (TRIAL,), ("post request-new",), (POLICIES,)),
    Flow("Work the inbox by day and risk with two keys", (f"{INBOX}::test_two_keys_lead_from_the_inbox_to_a_decision",),
         ("get approvals-preview",), (LISTED,)),
    Flow("Approve several after seeing what will happen",
         (f"{INBOX}::test_several_are_chosen_and_approved_by_keys_alone",), ("get approvals-preview",),
         (LISTED, f"{ACCESS}/test_inbox.py::test_the_api_refuses_an_own_request_among_several")),
    Flow("Approve with changes that the team sees and accepts", (TRIAL, THE_STORY),
         ("post request-approve", "post api:request-approve"),
         (f"{API}::test_an_approval_with_less_is_told_with_its_grant", THREADED)),
    Flow("See the team's budget before and after, and its record", (TRIAL, HANDED), ("get cost-centre",),
         (f"{ACCESS}/test_finance_step.py::test_finance_and_admins_set_a_budget_and_the_audit_dates_it",)),
    Flow("Ask the team, answer, mention", (TALK,), ("post request-ask", "post api:request-answer"), (THREADED,)),
    Flow("Hand a step on", (HANDED,), ("post request-hand-on",), (THREADED,)),
    Flow("Deny by a reason of the list, and ask again", (TALK,), ("post request-deny", "post request-appeal"), (THREADED,)),
    Flow("Decide as finance, beside the promise and the budget", (HANDED,), ("post cost-centre",),
         (f"{ACCESS}/test_finance_step.py::test_finance_and_admins_set_a_budget_and_the_audit_dates_it",)),
    Flow("Let somebody stand in between two dates",
         (f"{DECIDING}::test_who_stands_in_decides_in_that_name_and_nobody_does_before",),
         ("post delegation-end",), (f"{SCRIPT}::test_who_stands_in_decides_in_that_name_until_it_is_ended",)),
    Flow("Be reminded, and pass an untouched step on when it is due", (DUE,), ("post request-approve",), (),
         "The clock does it; a script sees it on the request's thread."),
    Flow("Raise a limit for a set time", (f"{RAISES}::test_an_approver_raises_for_a_while_and_the_team_ends_it",),
         ("post grant-raise", "post api:grant-raise-limits"),
         (f"{ACCESS}/test_raise.py::test_by_the_api_it_is_asked_seen_and_ended",)),
    Flow("Break the glass, and review it", (f"{RAISES}::test_an_owner_breaks_the_glass_and_somebody_outside_reviews_it",),
         ("post grant-break-glass", "post raise-review"),
         (f"{ACCESS}/test_break_glass.py::test_by_page_and_by_api_from_broken_to_reviewed",)),
    Flow("Suspend a grant or a team, lift each reason by itself, revoke", (STOPPED,),
         ("post grant-suspend", "post team-suspend", "post grant-revoke"),
         (f"{ACCESS}/test_blocks.py::test_the_api_suspends_a_team_names_every_reason_and_lifts_them",
          f"{API}::test_a_revoked_grant_says_so")),
    Flow("Move part of a limit between a team's own grants",
         ("tests/browser/test_raises.py::test_an_owner_moves_part_of_a_limit_to_another_grant_of_the_team",),
         ("get grant-move", "post api:grant-move"),
         (f"{ACCESS}/test_move.py::test_by_the_api_twice_with_one_key_it_is_done_once",)),
    Flow("Read a grant as of any moment", (STOPPED,), ("get grant", "get api:grant-detail"),
         (f"{API}::test_grants_are_told_as_of_a_moment",)),
    Flow("Leave a team: what is one's own ends, the application goes on and asks for a person", (LEFT,),
         ("post team-remove-member", "post application-owner", "post person-deactivate"),

                 ("tests/tenants/keys/test_leavers.py::test_a_removed_member_loses_sessions_tokens_and_own_keys_and_the_applications_key_goes_on",)),
    Flow("Run a team without an owner", (LEFT,), ("post team-change-role",),
         (f"{ACCESS}/test_ownerless.py::test_it_cannot_renew_by_click_call_form_or_sql_and_says_what_to_do",)),
    Flow("Be reminded of the end and renew in one click, with grace while it is decided", (RENEWED,),
         ("post grant-renew", "post api:grant-renew"),
         (f"{ACCESS}/test_renew.py::test_one_click_on_the_page_and_one_call_of_the_api_renew",
          f"{ACCESS}/test_grace.py::test_page_list_and_api_say_that_it_goes_on_and_why")),
    Flow("Keep or give back what nobody calls, and ask for it again", (UNUSED,), ("post grant-keep", "post grant-give-back"),
         (f"{ACCESS}/test_idle.py::test_the_api_says_that_it_is_asked_about_and_keeps_gives_back_and_asks_again",)),
    Flow("Review all grants of a team in one list", (UNUSED,), ("post team-certify", "post api:certification-answer"),
         (f"{ACCESS}/test_certify.py::test_the_api_begins_lists_rows_and_takes_answers",)),
    Flow("Run a retirement: whom it hits, what follows, plans, burn-down, report", (RETIREMENT,),
         ("post retirement-move", "post retirement-close", "post api:retirement-list"),
         (RETIRED, f"{ADVICE}::test_the_api_takes_a_plan")),
    Flow("Open an announced offer: its waiting list becomes requests",
         (f"{ASKING}::test_who_waited_has_a_request_once_an_admin_opens_the_offer",), ("post offer-open", "post api:wish-open"),
         (f"{ACCESS}/test_waiting_list.py::test_the_api_joins_lists_leaves_and_opens",)),
    Flow("Ask the auditors' four questions, with a count and a CSV",
         (f"{WATCHING}::test_an_auditor_asks_each_saved_question_with_a_count_and_a_csv",),
         ("get audit-question", "get audit-question-csv", "get api:audit-question-csv"),

                 ("tests/tenants/evidence/test_questions.py::test_a_script_asks_the_same_with_a_count_and_a_csv_and_that_is_in_the_audit",)),
    Flow("Be told, by one of three presets, with the next step one click away",
         (f"{WATCHING}::test_a_person_chooses_what_comes_by_mail", RENEWED, UNUSED), ("post inbox-read", "get api:notice-detail"),
         (f"{NOTIFY}::test_the_api_chooses_a_preset_switches_a_hook_and_sends_a_delivery_again",
          f"{NOTIFY}::test_the_api_tells_and_marks_ones_own_notices")),
    Flow("Read a hook's log and send again", (f"{WATCHING}::test_an_admin_sees_what_a_hook_was_sent_and_sends_it_again",),
         ("post hook-again", "post api:hook-again"),
         (f"{NOTIFY}::test_the_api_chooses_a_preset_switches_a_hook_and_sends_a_delivery_again",
          f"{NOTIFY}::test_the_api_makes_a_hook_and_tells_its_secret_once")),
]  # fmt: skip

HEAD = """# Flows

What people do with access, and what proves each: a test in a real browser, the doors that refuse the wrong people
(`tests/walls/doors/` asks each as ten kinds of people), and a test that does it by the API. Written by
`python -m tests.walls.flows`; `tests/walls/flows.py` is the table.

| flow | in a browser | refused at | by the API |
|---|---|---|---|
"""


def short(names: tuple[str, ...]) -> str:
    return "<br>".join(f"`{name.rpartition('::')[2]}`" for name in names)


def page() -> str:
    rows = [
        f"| {flow.name} | {short(flow.browser)} | {short(flow.doors)} | {short(flow.api) or flow.no_api} |\n"
        for flow in FLOWS
    ]
    return HEAD + "".join(rows)


if __name__ == "__main__":
    PAGE.write_text(page())
