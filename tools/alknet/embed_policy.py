"""Writes policy_files.cpp: the bus policy files given as arguments, as string literals.

usage: embed_policy.py OUTPUT FILE..."""

import pathlib
import sys

output, files = sys.argv[1], [pathlib.Path(name) for name in sys.argv[2:]]
delimiter = "alknet_policy"
lines = ['#include "serve_bus.hpp"', "", "namespace alk::alknet {", "",
         "const std::vector<PolicyFile>& policy_files() {",
         "  static const std::vector<PolicyFile> files{"]
for file in sorted(files):
    text = file.read_text()
    assert f"){delimiter}" not in text
    lines.append(f'      {{"{file.name}", R"{delimiter}({text}){delimiter}"}},')
lines += ["  };", "  return files;", "}", "", "} // namespace alk::alknet", ""]
pathlib.Path(output).write_text("\n".join(lines))
