"""Writes html_names.cpp: the names of HTML's character references, as the standard lists them (Python has the list).

    python make_html_names.py
"""
import html.entities
import pathlib
import textwrap

entries = [f"{name}={','.join(f'{ord(c):x}' for c in value)}" for name, value in sorted(html.entities.html5.items())]
lines = "\n".join(textwrap.wrap(" ".join(entries), 118))
# A literal may not be longer than 65,536 characters, which these are not.
pathlib.Path(__file__).with_name("html_names.cpp").write_text(
    "// Made by make_html_names.py: the named character references of the HTML standard (WHATWG, section 13.5), each with\n"
    "// its code points in hexadecimal.\n"
    '#include "model/tokenizer/html_names.hpp"\n\nnamespace fedorbit {\n\n// clang-format off\n'
    f'const std::string_view html_names = R"(\n{lines}\n)";\n// clang-format on\n\n}}  // namespace fedorbit\n')
