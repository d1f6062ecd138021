"""The suite `jupyter_kernel_test`. Of its options the pager (a request of IPython's syntax) and the welcome on iopub do not apply."""

import cells
import kernel
import jupyter_kernel_test

kernel.install()


class Conformance(jupyter_kernel_test.KernelTests):
    kernel_name = kernel.NAME
    language_name = "python"
    file_extension = ".py"
    code_hello_world = cells.HELLO
    code_stderr = cells.ERROR_STREAM
    completion_samples = [cells.COMPLETION]
    complete_code_samples = cells.COMPLETE
    incomplete_code_samples = cells.INCOMPLETE
    invalid_code_samples = cells.INVALID
    code_generate_error = cells.FAILURE
    code_execute_result = cells.RESULTS + [
        {"code": cells.drawn(kind, body), "mime": mime} for kind, mime, body in cells.PICTURES
    ]
    code_display_data = [
        {"code": cells.drawn(kind, body, show=True), "mime": mime} for kind, mime, body in cells.PICTURES
    ]
    supported_history_operations = ("tail", "range", "search")
    code_history_pattern = "6 ? 7"
    code_inspect_sample = cells.INSPECTION
    code_clear_output = cells.CLEAR
