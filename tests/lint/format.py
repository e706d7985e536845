"""clang-format's opinion on every file. `./dev lint` fixes nothing: run the printed command."""

import shutil
import subprocess
import sys

import source

tool = shutil.which("clang-format-14") or shutil.which("clang-format")
if tool is None:
    print("SKIP: clang-format-14 is not installed")
    sys.exit(77)
paths = [path for path, _ in source.files() if path.endswith((".cpp", ".hpp"))]
done = subprocess.run([tool, "--dry-run", "-Werror", *paths], cwd=source.root, capture_output=True, text=True)
wrong = sorted({line.split(":")[0] for line in done.stderr.splitlines() if ": error: " in line})
if wrong:
    print(f"{tool} -i {' '.join(wrong)}")
sys.exit(source.report([f"{path}: format" for path in wrong]) or done.returncode)
