"""Bodies of every API: (request, response) in; what each query is, and what was answered to it, out."""

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forensics.ingest.mapping import load_mapping

MAPPING = """
name = "plain"
[marks]
at = true
[columns]
ts = "at"
request = "q"
response = "a"
"""


@pytest.fixture
def bodies(ingest: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """Ingest pairs of bodies, one call each."""
    (tmp_path / "plain.toml").write_text(MAPPING)
    mapping = load_mapping(tmp_path / "plain.toml")

    def run(*pairs: tuple[Any, Any]) -> Any:
        rows = [{"at": 1767225600 + n, "q": q, "a": a} for n, (q, a) in enumerate(pairs)]
        (tmp_path / "plain.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        return ingest(tmp_path / "plain.jsonl", mapping=mapping)

    return run


def said(read: Any, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row[c] for c in columns) for row in read.items.to_pylist()]


CHAT = [{"role": "user", "content": "Hi"}]


@pytest.mark.parametrize(
    ("request_body", "items"),
    [
        ({"messages": CHAT}, [("text", 2, 1)]),
        ({"messages": [{"role": "system", "content": "Be brief"}, *CHAT, {"role": "assistant", "content": "Yo"}]}, [("text", 2, 3)]),
        ({"system": [{"text": "s"}], "messages": [{"role": "user", "content": [{"text": "ab"}, {"text": "cd"}]}]}, [("text", 5, 1)]),
        ({"prompt": "abc"}, [("text", 3, 1)]),
        ({"prompt": ["abc", "de"]}, [("text", 3, 1), ("text", 2, 1)]),
        ({"prompt": [5, 6, 7, 8]}, [("tokens", 4, 1)]),
        ({"prompt": [[5, 6], [7]]}, [("tokens", 2, 1), ("tokens", 1, 1)]),
        ({"input": "abc"}, [("text", 3, 1)]),
        ({"input": ["abc", "de"]}, [("text", 3, 1), ("text", 2, 1)]),
        ({"input": [{"role": "user", "content": [{"type": "input_text", "text": "abcd"}]}]}, [("text", 4, 1)]),
        ({"inputText": "abc"}, [("text", 3, 1)]),
        ({"texts": ["abc", "de"]}, [("text", 3, 1), ("text", 2, 1)]),
        ({"instances": [[1, 2, 3]]}, [("vector", 3, None)]),
        ({"instances": [1, 2.5]}, [("vector", 1, None), ("vector", 1, None)]),
        ({"instances": ["good film", "bad film"]}, [("text", 9, 1), ("text", 8, 1)]),
        ({"instances": [{"text": "good film"}]}, [("text", 9, 1)]),
        ({"instances": [{"a": 1, "b": "x", "c": None}]}, [("vector", 3, None)]),
        ({"inputs": [[[1, 2], [3, 4]]]}, [("vector", 4, None)]),
        ({"inputs": [{"name": "x", "shape": [2, 2], "datatype": "FP32", "data": [1, 2, 3, 4]}]}, [("vector", 2, None)] * 2),
        ({"inputs": [{"name": "x", "shape": [-1], "datatype": "FP32", "data": [1, 2, 3, 4]}]}, [("vector", 4, None)]),
        ({"inputs": [{"name": "x", "shape": [2], "datatype": "BYTES", "data": ["red", "blue"]}]}, [("vector", 1, None)] * 2),
        ({"dataframe_split": {"columns": ["a"], "data": [[1], [2], [3]]}}, [("vector", 1, None)] * 3),
        ({"messages": []}, []),
        ({"prompt": []}, []),
        ({"instances": []}, []),
        ({"something": "else"}, []),
        ({}, []),
        (None, []),
        ("not json", []),
        ([1, 2], []),
        (7, []),
    ],
    ids=lambda value: json.dumps(value)[:60],
)
def test_queries(request_body: Any, items: list[tuple[Any, ...]], bodies: Callable[..., Any]) -> None:
    read = bodies((request_body, None))
    assert said(read, "modality", "size", "turns") == items
    assert read.events["n_items"].to_pylist() == [len(items)]


ROWS = {"instances": [[1, 2], [3, 4]]}
ANSWER = ("label", "output_value", "top_score", "margin", "mean_logprob", "finish_reason", "answer_size")


@pytest.mark.parametrize(
    ("request_body", "response_body", "answers"),
    [
        ({"messages": CHAT}, {"choices": [{"finish_reason": "stop", "message": {"content": "four"}}]}, [(*[None] * 5, "stop", 4)]),
        (
            {"prompt": ["a", "b"], "n": 2},
            {"choices": [{"text": t, "finish_reason": "stop"} for t in ("1", "22", "333", "4444")]},
            [(*[None] * 5, "stop", 1), (*[None] * 5, "stop", 3)],
        ),
        (
            {"prompt": "a"},
            {"choices": [{"text": "b", "logprobs": {"token_logprobs": [None, -1.0, -3.0]}}]},
            [(None, None, None, None, -2.0, None, 1)],
        ),
        (
            {"messages": CHAT},
            {"output": {"message": {"content": [{"text": "ab"}, {"text": "c"}]}}, "stopReason": "end"},
            [(*[None] * 5, "end", 4)],
        ),
        ({"messages": CHAT}, {"content": [{"type": "text", "text": "ab"}], "stop_reason": "end_turn"}, [(*[None] * 5, "end_turn", 2)]),
        ({"inputText": "a"}, {"results": [{"outputText": "abc", "completionReason": "FINISH"}]}, [(*[None] * 5, "FINISH", 3)]),
        ({"prompt": "a"}, {"generation": "abc", "stop_reason": "stop"}, [(*[None] * 5, "stop", 3)]),
        ({"prompt": "a"}, {"completion": "abc", "stop_reason": "stop"}, [(*[None] * 5, "stop", 3)]),
        (
            {"input": "a"},
            {"status": "completed", "output": [{"type": "message", "content": [{"text": "ok", "logprobs": [{"logprob": -1}]}]}]},
            [(None, None, None, None, -1.0, "completed", 2)],
        ),
        (ROWS, {"predictions": [0, 1]}, [("0", *[None] * 6), ("1", *[None] * 6)]),
        (ROWS, {"predictions": ["cat", True]}, [("cat", *[None] * 6), ("true", *[None] * 6)]),
        (ROWS, {"predictions": [0.5, 12.25]}, [(None, 0.5, *[None] * 5), (None, 12.25, *[None] * 5)]),
        (ROWS, {"predictions": [[0.25, 0.75], [1, 0]]}, [("1", None, 0.75, 0.5, *[None] * 3), ("0", None, 1.0, 1.0, *[None] * 3)]),
        (
            ROWS,
            {"predictions": [0, 1], "scores": [[0.75, 0.25], [0.25, 0.75]]},
            [("0", None, 0.75, 0.5, *[None] * 3), ("1", None, 0.75, 0.5, *[None] * 3)],
        ),
        (ROWS, {"predictions": [{"label": "a", "probabilities": {"a": 0.75, "b": 0.25}}, {"label": "b", "score": 0.5}]},
         [("a", None, 0.75, 0.5, *[None] * 3), ("b", None, 0.5, None, *[None] * 3)]),
        ({"instances": [[1]]}, {"predictions": [1], "scores": [0.25, 0.75]}, [("1", None, 0.75, 0.5, *[None] * 3)]),
        ({"instances": [[1]]}, {"prediction": 1, "score": 0.75}, [("1", None, 0.75, None, *[None] * 3)]),
        (ROWS, {"predictions": [1]}, [(None,) * 7] * 2),
        (ROWS, {"predictions": [None, None]}, [(None,) * 7] * 2),
        (
            ROWS,
            {"outputs": [{"name": "p", "datatype": "FP64", "shape": [2, 2], "data": [[0.25, 0.75], [1, 0]]}]},
            [("1", None, 0.75, 0.5, *[None] * 3), ("0", None, 1.0, 1.0, *[None] * 3)],
        ),
        (
            ROWS,
            {"outputs": [{"name": "y", "datatype": "FP32", "shape": [2], "data": [1.5, 2.5]}]},
            [(None, 1.5, *[None] * 5), (None, 2.5, *[None] * 5)],
        ),
        (ROWS, {"error": "boom"}, [(None,) * 7] * 2),
        (ROWS, "oops", [(None,) * 7] * 2),
        (ROWS, [1, 2], [(None,) * 7] * 2),
    ],
    ids=lambda value: json.dumps(value)[:60],
)  # fmt: skip
def test_answers(request_body: Any, response_body: Any, answers: list[tuple[Any, ...]], bodies: Callable[..., Any]) -> None:
    assert said(bodies((request_body, response_body)), *ANSWER) == answers


def test_the_same_query_has_the_same_hash_however_it_is_written(bodies: Callable[..., Any]) -> None:
    def hashes(*requests: Any) -> set[str]:
        return {h for (h,) in said(bodies(*((r, None) for r in requests)), "exact_hash")}

    assert len(hashes({"instances": [[1, 2.5]]}, {"inputs": [[1.0, 2.50]]}, '{"instances":[[1,2.5e0]]}')) == 1
    assert len(hashes({"instances": [{"a": 1, "b": 2}]}, {"instances": [{"b": 2, "a": 1}]}, {"inputs": {"b": [2], "a": [1]}})) == 1
    assert len(hashes({"messages": CHAT}, {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]})) == 1
    assert len(hashes({"instances": [[1, 2]]}, {"instances": [[2, 1]]}, {"instances": [[1, 2, 0]]})) == 3
    assert len(hashes({"messages": CHAT}, {"prompt": "Hi"}, {"messages": [{"role": "assistant", "content": "Hi"}]})) == 3


def test_coordinates(bodies: Callable[..., Any]) -> None:
    read = bodies(({"instances": [[1, True, "2.5", None, "Graz", "Graz", {"x": 1}]]}, None))
    (vector,) = read.vectors["vector"].to_pylist()
    assert vector[:3] == [1.0, 1.0, 2.5]
    assert math.isnan(vector[3])
    assert vector[4] == vector[5] >= 2**52
    assert vector[6] >= 2**52


def test_parameters_are_found_wherever_the_api_puts_them(bodies: Callable[..., Any]) -> None:
    read = bodies(
        (
            {
                "prompt": "a",
                "max_tokens": 5,
                "temperature": 0.5,
                "logprobs": 0,
                "echo": True,
                "logit_bias": {"50": -100},
                "seed": 3,
                "n": 2,
            },
            None,
        ),
        ({"messages": CHAT, "max_completion_tokens": 5, "logprobs": False, "top_logprobs": None, "logit_bias": {}}, None),
        ({"messages": CHAT, "inferenceConfig": {"maxTokens": 7}, "additionalModelRequestFields": {"logprobs": True}}, None),
        ({"instances": [[1]], "parameters": {"return_probabilities": True}}, None),
        ({"input": "a", "include": ["message.output_text.logprobs"], "max_output_tokens": 9}, None),
    )
    columns = ("max_tokens", "temperature", "logprobs", "echo", "logit_bias", "seed", "n")
    found = [tuple(row[c] for c in columns) for row in read.events.to_pylist()]
    assert found == [
        (5, 0.5, True, True, True, 3, 2),
        (5, None, False, False, False, None, None),
        (7, None, True, False, False, None, None),
        (None, None, True, False, False, None, None),
        (9, None, True, False, False, None, None),
    ]


def test_equal_biases_have_equal_hashes_that_do_not_show_them(bodies: Callable[..., Any]) -> None:
    first, other = {"31337": -100, "50": 5}, {"31337": -99, "50": 5}
    sent: list[Any] = [first, first, other, {"50": 5}, None, {}]
    asked: list[dict[str, Any]] = [{"prompt": f"text {n}", "logit_bias": bias} for n, bias in enumerate(sent)]
    asked += [{"prompt": "none"}, {"inputs": "elsewhere", "parameters": {"logit_bias": first}}]
    asked += [{"messages": CHAT, "additionalModelRequestFields": {"logit_bias": first}}]
    read = bodies(*((request, None) for request in asked))
    found = read.events["logit_bias_hash"].to_pylist()
    assert found[0] == found[1] == found[7] == found[8]
    assert len({*found[:4]}) == 3
    assert found[4:7] == [None] * 3
    assert [h is not None for h in found] == read.events["logit_bias"].to_pylist()
    assert all(re.fullmatch("[0-9a-f]{32}", h) for h in found if h is not None)
    assert "31337" not in str(read.events.to_pylist())


def test_a_bias_in_another_order_is_the_same(bodies: Callable[..., Any]) -> None:
    read = bodies(*(({"prompt": "a", "logit_bias": bias}, None) for bias in ({"1": 5, "2": 6}, {"2": 6, "1": 5})))
    assert len({*read.events["logit_bias_hash"].to_pylist()}) == 1


def test_a_large_batch_and_a_large_image(bodies: Callable[..., Any]) -> None:
    image = [[[(i * j) % 256 / 256 for j in range(64)] for i in range(64)]]
    read = bodies(
        ({"instances": [[n, n + 1] for n in range(5000)]}, {"predictions": [n % 2 for n in range(5000)]}), ({"instances": image}, None)
    )
    assert read.items.num_rows == 5001
    assert read.events["n_items"].to_pylist() == [5000, 1]
    assert read.items["idx"].to_pylist()[:5000] == list(range(5000))
    assert len(read.vectors["vector"].to_pylist()[-1]) == 4096


@pytest.mark.parametrize(
    "beside", [{"prompt": []}, {"prompt": ""}, {"prompt": None}, {"input": {}}, {"messages": []}], ids=lambda value: json.dumps(value)
)
def test_an_empty_shape_hides_nothing(beside: dict[str, Any], bodies: Callable[..., Any]) -> None:
    read = bodies((ROWS | beside, {"predictions": [0, 1]}))
    assert said(read, "modality", "label") == [("vector", "0"), ("vector", "1")]


def test_two_shapes_are_two_questions_and_answers_stay_with_theirs(bodies: Callable[..., Any]) -> None:
    both = {"choices": [{"text": "yes", "finish_reason": "stop"}], "predictions": [0, 1]}
    read = bodies((ROWS | {"prompt": "x"}, both))
    assert said(read, "idx", "modality", "label", "answer_size") == [
        (0, "text", None, 3),
        (1, "vector", "0", None),
        (2, "vector", "1", None),
    ]


@pytest.mark.parametrize(
    "body", ['{"prompt":"a \\ud83d b"}', '{"prompt":"a\x01b"}', '\ufeff{"prompt":"x"}'], ids=["surrogate", "control", "bom"]
)
def test_a_body_in_a_string_is_mended_like_the_record(body: str, bodies: Callable[..., Any]) -> None:
    read = bodies((body, None))
    assert (read.events["request_state"].to_pylist(), read.items.num_rows, read.report.mended) == (["full"], 1, 1)


def test_a_key_that_stands_twice_is_said(bodies: Callable[..., Any]) -> None:
    read = bodies(('{"prompt":"one","prompt":"two","echo":true}', None))
    assert (read.events["request_state"].to_pylist(), read.events["echo"].to_pylist()) == (["ambiguous"], [True])


@pytest.mark.parametrize("odd", ["*", "", "a\\", 'a"', "a.b", "a/b", "~", "$", "[0]", "ä", "x" * 300])
def test_odd_keys_are_keys(odd: str, bodies: Callable[..., Any]) -> None:
    read = bodies(({"instances": [{odd: 1, "z": 2}, {odd: 3, "z": 2}]}, None))
    assert sorted(map(sorted, read.vectors["vector"].to_pylist())) == [[1.0, 2.0], [2.0, 3.0]]
    assert all(len(name) <= 64 for names in read.vectors["names"].to_pylist() for name in names)


def test_what_a_model_wrote_is_no_label(bodies: Callable[..., Any]) -> None:
    read = bodies(
        ({"inputs": ["who?"]}, {"predictions": ["The patient in bed seven has been diagnosed with something that nobody may know."]})
    )
    assert said(read, "label", "answer_size") == [(None, 80)]


def test_no_text_can_look_like_another_division_into_messages(bodies: Callable[..., Any]) -> None:
    one = {"messages": [{"role": "user", "content": "a\nassistant: b"}]}
    two = {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}
    hashes = [h for (h,) in said(bodies((one, None), (two, None), ({"prompt": "user: a\nassistant: b"}, None)), "exact_hash")]
    assert len(set(hashes)) == 3


def test_choices_are_taken_by_their_index(bodies: Callable[..., Any]) -> None:
    choices = [{"index": 1, "text": "22"}, {"index": 0, "text": "1"}]
    assert said(bodies(({"prompt": ["a", "b"]}, {"choices": choices})), "answer_size") == [(1,), (2,)]


def test_a_batch_costs_what_its_rows_cost(bodies: Callable[..., Any]) -> None:
    count = 60_000
    answer = {"predictions": [n % 2 for n in range(count)], "scores": [[0.25, 0.75]] * count}
    read = bodies(
        ({"instances": [[n, 1] for n in range(count)]}, answer), ({"prompt": ["x"] * count}, {"choices": [{"text": "y"}] * count})
    )
    assert (read.events["n_items"].to_pylist(), read.report.rejected) == ([count, count], 0)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers(-(2**70), 2**70) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "shape", "data", "role", "content", "text", "label"]), inner)
    ),
    max_leaves=10,
)
REQUESTS = ("messages", "prompt", "input", "inputText", "instances", "inputs", "dataframe_records", "dataframe_split", "system", "logprobs")
RESPONSES = ("choices", "content", "output", "outputs", "results", "predictions", "scores", "generation", "usage", "error")


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    calls=st.lists(
        st.tuples(
            st.dictionaries(st.sampled_from(REQUESTS), JSON, max_size=3), st.dictionaries(st.sampled_from(RESPONSES), JSON, max_size=3)
        ),
        min_size=1,
        max_size=12,
    )
)
def test_no_body_is_too_odd(calls: list[tuple[Any, Any]], bodies: Callable[..., Any]) -> None:
    """Whatever a body holds, its call is an event, and a sane call beside it is read as ever."""
    read = bodies(*calls, (ROWS, {"predictions": [0, 1]}))
    assert read.report.rejected == 0
    assert read.events.num_rows == len(calls) + 1
    assert said(read, "label")[-2:] == [("0",), ("1",)]
    assert sum(read.events["n_items"].to_pylist()) == read.items.num_rows
