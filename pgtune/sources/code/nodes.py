"""What the grammars call strings, loops, calls and comments: nine languages, one vocabulary."""

STRINGS = frozenset({
    "string", "template_string", "interpreted_string_literal", "raw_string_literal", "string_literal", "heredoc",
    "verbatim_string_literal", "interpolated_string_expression", "encapsed_string", "heredoc_body", "nowdoc",
})  # fmt: skip
# Parts of a string that stand for themselves.
CONTENTS = frozenset({
    "string_fragment", "string_content", "interpreted_string_literal_content", "raw_string_literal_content",
    "string_literal_content", "raw_string_content", "multiline_string_fragment", "heredoc_content", "nowdoc_string",
})  # fmt: skip
ESCAPES = frozenset({"escape_sequence", "string_literal_escape"})
# Holders of contents, and marks around them.
HOLDERS = frozenset({"heredoc_body", "nowdoc_body"})
MARKS = frozenset({
    "interpolation_start", "raw_string_start", "raw_string_end", "heredoc_start", "heredoc_end", "interpolation_quote",
    "string_literal_encoding",
})  # fmt: skip
SUMS = frozenset({"binary_expression", "binary"})
LOOPS = frozenset({
    "for_statement", "for_in_statement", "while_statement", "do_statement", "enhanced_for_statement",
    "foreach_statement", "for_expression", "while_expression", "loop_expression", "for", "while", "until",
    "for_each_statement",
})  # fmt: skip
# What a loop does once a turn; the rest of it is done once.
BODIES = frozenset({"body", "condition", "update"})
# Functions that call what they are given once for each element, in small letters and without `_`.
EACH = frozenset({
    "each", "eachwithindex", "findeach", "map", "foreach", "flatmap", "times", "collect", "eachpair", "arraymap",
    "arraywalk", "filtermap", "inbatches", "eachslice", "reduce", "forasync", "concurrentmap", "parallelforeach",
})  # fmt: skip
FUNCTIONS = frozenset({
    "function_declaration", "function_expression", "method_definition", "method_declaration", "func_literal", "lambda",
    "function_definition", "function_item", "closure_expression", "class_body", "class_declaration", "method", "block",
    "do_block", "lambda_expression", "arrow_function", "anonymous_function", "arrow_function_expression",
    "constructor_declaration", "local_function_statement", "singleton_method", "anonymous_method_expression",
})  # fmt: skip
CALLS = frozenset({
    "call_expression", "method_invocation", "invocation_expression", "call", "macro_invocation", "new_expression",
    "member_call_expression", "nullsafe_member_call_expression", "scoped_call_expression", "function_call_expression",
    "object_creation_expression", "annotation", "attribute",
})  # fmt: skip
ARGUMENTS = frozenset({
    "arguments", "argument_list", "annotation_argument_list", "token_tree", "template_string",
    "attribute_argument_list",
})  # fmt: skip
COMMENTS = frozenset({"comment", "line_comment", "block_comment"})
COMPARISONS = frozenset({"==", "!=", "===", "!==", "<=>", "=~"})
# Functions that make another text of theirs.
FORMATS = frozenset({
    "format", "sprintf", "formatted", "replace", "join", "concat", "stringbuilder", "stringbuffer", "formatargs",
    "interpolate", "vsprintf",
})  # fmt: skip
ADDS = frozenset({
    "augmented_assignment_expression", "operator_assignment", "compound_assignment_expr",
})  # fmt: skip
