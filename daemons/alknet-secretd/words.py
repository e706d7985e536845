"""The word list of BIP39 as a C++ table.

usage: words.py english.txt > words.inc
"""

import hashlib
import sys

digest = "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda"

text = open(sys.argv[1], "rb").read()
words = text.decode("ascii").split("\n")[:-1]
if hashlib.sha256(text).hexdigest() != digest or len(words) != 2048 or words != sorted(words):
    sys.exit(f"{sys.argv[1]} is not the English list of BIP39")
for word in words:
    print(f'"{word}",')
