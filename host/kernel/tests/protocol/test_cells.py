"""Cells and their neighbours: what is shown, counted, aborted, refused, and how fast."""

import time

import cells
import kernel
import nbclient
import nbformat
import pytest

kernel.install()


@pytest.fixture(scope="module")
def k():
    with kernel.Kernel() as running:
        yield running


def kinds(messages):
    return [m["msg_type"] for m in messages if m["msg_type"] != "status"]


def test_statuses_surround_and_everything_names_its_parent(k):
    reply, shown = kernel.run(k.client, cells.HELLO)
    states = [m["content"]["execution_state"] for m in shown if m["msg_type"] == "status"]
    assert states == ["busy", "idle"] and shown[0]["msg_type"] == "status" and shown[-1]["msg_type"] == "status"
    assert {m["parent_header"]["session"] for m in shown + [reply]} == {k.client.session.session}
    assert kinds(shown) == ["execute_input", "stream"]
    assert shown[1]["content"]["execution_count"] == reply["content"]["execution_count"]


def test_counting_silence_and_history(k):
    count = kernel.run(k.client, cells.TRIVIAL)[0]["content"]["execution_count"]
    reply, shown = kernel.run(k.client, cells.HELLO, silent=True)
    assert reply["content"]["status"] == "ok" and kinds(shown) == []
    reply, shown = kernel.run(k.client, cells.HELLO, store_history=False)
    assert kinds(shown) == ["execute_input", "stream"]
    assert kernel.run(k.client, "2 * 21")[0]["content"]["execution_count"] == count + 1
    identifier = k.client.history(hist_access_type="tail", n=2, output=True, raw=True)
    history = kernel.reply_to(k.client, identifier)["content"]["history"]
    assert history == [[1, count, [cells.TRIVIAL, "1"]], [1, count + 1, ["2 * 21", "42"]]]


def test_expressions_beside_a_cell(k):
    expressions = {"sum": "1 + 1", "bad": cells.FAILURE}
    reply, _ = kernel.run(k.client, cells.TRIVIAL, user_expressions=expressions)
    values = reply["content"]["user_expressions"]
    assert values["sum"] == {"status": "ok", "data": {"text/plain": "2"}, "metadata": {}}
    assert values["bad"]["status"] == "error" and values["bad"]["ename"] == "ZeroDivisionError"
    assert reply["content"]["status"] == "ok"


def test_a_failure_aborts_what_waits(k):
    first = [k.client.execute(code) for code in [cells.FAILURE, cells.HELLO, cells.HELLO]]
    completion = k.client.complete("prin")
    statuses = [kernel.reply_to(k.client, identifier)["content"]["status"] for identifier in first]
    assert statuses == ["error", "aborted", "aborted"]
    assert kernel.reply_to(k.client, completion)["content"]["status"] == "ok"
    assert "stream" not in kinds(kernel.shown_by(k.client, first[2]))
    assert kernel.run(k.client, cells.HELLO)[0]["content"]["status"] == "ok"
    second = [k.client.execute(code, stop_on_error=False) for code in [cells.FAILURE, cells.HELLO]]
    assert [kernel.reply_to(k.client, identifier)["content"]["status"] for identifier in second] == ["error", "ok"]
    kernel.shown_by(k.client, second[1])


def test_failures_say_what_they_are(k):
    reply, shown = kernel.run(k.client, cells.FAILURE)
    error = next(m["content"] for m in shown if m["msg_type"] == "error")
    assert error["ename"] == reply["content"]["ename"] == "ZeroDivisionError"
    assert error["evalue"] == reply["content"]["evalue"] == "division by zero"
    assert error["traceback"] == reply["content"]["traceback"] != []


def test_input_is_refused(k):
    identifier = k.client.execute(cells.INPUT, allow_stdin=True)
    reply = kernel.reply_to(k.client, identifier)
    assert reply["content"]["status"] == "error"
    kernel.shown_by(k.client, identifier)
    assert not k.client.stdin_channel.msg_ready()


def test_completions_have_types(k):
    reply = kernel.reply_to(k.client, k.client.complete("é = prin"))["content"]
    assert "print" in reply["matches"] and (reply["cursor_start"], reply["cursor_end"]) == (4, 8)
    typed = {item["text"]: item["type"] for item in reply["metadata"]["_jupyter_types_experimental"]}
    assert typed["print"] == "function"
    nothing = kernel.reply_to(k.client, k.client.inspect(cells.UNDEFINED))["content"]
    assert (nothing["status"], nothing["found"], nothing["data"]) == ("ok", False, {})


def test_20_mb_of_text(k):
    reply, shown = kernel.run(k.client, cells.PRINT_20_MB)
    assert reply["content"]["status"] == "ok"
    assert kernel.text_of(shown) == "x" * 20_000_000 + "\n"


def test_20_mb_of_html(k):
    reply, shown = kernel.run(k.client, cells.HTML_20_MB)
    assert reply["content"]["status"] == "ok"
    result = next(m["content"]["data"] for m in shown if m["msg_type"] == "execute_result")
    assert result["text/html"] == "<b>" + "x" * 20_000_000 + "</b>"


def test_a_trivial_cell_is_quick(k):
    """From the request's sending to the reply's arrival, in milliseconds."""
    times = []
    for _ in range(200):
        start = time.perf_counter()
        kernel.reply_to(k.client, k.client.execute(cells.TRIVIAL))
        times.append(1000 * (time.perf_counter() - start))
    kernel.run(k.client, cells.TRIVIAL)
    times.sort()
    print(f"a trivial cell: median {times[100]:.2f} ms, 95 % below {times[190]:.2f} ms")
    assert times[100] < 5


def send(client, kind: str, content):
    return client.session.send(client.shell_channel.socket, kind, content)["header"]["msg_id"]


def test_what_is_not_served_is_answered(k):
    assert kernel.reply_to(k.client, send(k.client, "comm_info_request", {}))["content"] == {"status": "ok", "comms": {}}
    ports = kernel.reply_to(k.client, send(k.client, "connect_request", {}))["content"]
    assert ports["shell_port"] == k.manager.shell_port and ports["iopub_port"] == k.manager.iopub_port
    for kind, content in [
        ("debug_request", {"type": "request", "command": "initialize"}),
        ("unheard_of_request", {}),
        ("execute_request", {"code": 1}),
        ("execute_request", b"[]"),
        ("complete_request", {"code": "a", "cursor_pos": -1}),
        ("history_request", {"n": "x"}),
    ]:
        assert kernel.reply_to(k.client, send(k.client, kind, content))["content"]["status"] == "error", kind
    beyond = kernel.reply_to(k.client, send(k.client, "complete_request", {"code": "prin", "cursor_pos": 4_000_000_000}))
    assert beyond["content"]["status"] == "ok"
    opened = send(k.client, "comm_open", {"comm_id": "c", "target_name": "t", "data": {}})
    closed = [m for m in kernel.shown_by(k.client, opened) if m["msg_type"] == "comm_close"]
    assert [m["content"]["comm_id"] for m in closed] == ["c"]
    assert kernel.run(k.client, cells.HELLO)[0]["content"]["status"] == "ok"


def test_a_notebook_runs():
    written = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in [cells.HELLO, "6 * 7"]])
    nbclient.NotebookClient(written, timeout=kernel.TIMEOUT, kernel_name=kernel.NAME).execute()
    first, second = (cell["outputs"] for cell in written.cells)
    assert first[0]["text"] == "hello, world\n" and second[0]["data"] == {"text/plain": "42"}
    failing = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cells.FAILURE)])
    with pytest.raises(nbclient.exceptions.CellExecutionError, match="division by zero"):
        nbclient.NotebookClient(failing, timeout=kernel.TIMEOUT, kernel_name=kernel.NAME).execute()


def only_for_the_toy(k):
    info = kernel.reply_to(k.client, k.client.kernel_info())["content"]
    if info["implementation"] != "echo":
        pytest.skip("the cell is one of the toy's")


def test_what_was_shown_is_updated(k):
    only_for_the_toy(k)
    _, shown = kernel.run(k.client, "steps")
    shown = [m for m in shown if m["msg_type"].endswith("display_data")]
    assert [m["msg_type"] for m in shown] == ["display_data", "update_display_data", "update_display_data"]
    assert {m["content"]["transient"]["display_id"] for m in shown} == {"steps"}
    assert [m["content"]["data"]["text/plain"] for m in shown] == ["step 0", "step 1", "step 2"]


def test_a_panic_costs_the_state_and_no_more(k):
    only_for_the_toy(k)
    kernel.run(k.client, cells.ASSIGN)
    reply, shown = kernel.run(k.client, "panic")
    assert reply["content"]["ename"] == "InterpreterError" and "gone" in kernel.text_of(shown, "stderr")
    assert kernel.run(k.client, cells.ASSIGNED)[0]["content"]["ename"] == "NameError"
    assert kernel.run(k.client, cells.TRIVIAL)[0]["content"]["status"] == "ok"
