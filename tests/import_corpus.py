"""Import model files of other languages, run each for 10 ms, and print a table of the results.

``python tests/import_corpus.py FOLDER...`` takes every file below the folders that a language of
`snnc.importing.formats` reads: it compiles it for the CPU, runs it, and looks for values that are
no numbers. What is refused says why; parts of models, which other files include, are counted apart.
It is no test: it takes up to a second for each file.
"""

import sys
import time
import warnings
from pathlib import Path

import numpy as np

import snnc
from snnc.importing.formats import FORMATS, format_of
from snnc.ir.diagnostics import SnncError

MILLISECONDS = 10.0
# A file that defines types or components for others, or needs files that include it.
PARTS = ("no simulation, network or cell", "unknown component", "unknown dimension")
SUFFIXES = {suffix for one in FORMATS for suffix in one.suffixes}


def files(folders):
    """Return the model files below folders, with their folder and language."""
    found = []
    for folder in map(Path, folders):
        for path in sorted(folder.rglob("*")):
            if path.suffix in SUFFIXES and path.is_file():
                try:
                    kind = format_of(path)
                except SnncError:
                    continue
                if kind is not None:
                    found.append((folder, path, kind))
    return found


def finite(net):
    """Tell whether all recorded values are numbers."""
    signals = net.data.segments[0].analogsignals
    return all(np.isfinite(signal.magnitude).all() for signal in signals)


def attempt(path, kind):
    """Return the result of a file, the seconds its import took, and what was wrong."""
    begin = time.process_time()
    try:
        document = kind.read(path)
        seconds = time.process_time() - begin
        net = snnc.compile(document)
        net.run(MILLISECONDS)
        return ("runs", seconds, "") if finite(net) else ("fails", seconds, "values are nan")
    except SnncError as error:
        if any(word in error.message for word in PARTS):
            return "part", time.process_time() - begin, error.message
        return "refused", time.process_time() - begin, error.message
    except Exception as error:
        return "fails", time.process_time() - begin, f"{type(error).__name__}: {error}"


def rows(folders):
    """Yield the top folder of each file, its path, and the result of `attempt`."""
    for folder, path, kind in files(folders):
        below = path.relative_to(folder)
        top = below.parts[0] if len(below.parts) > 1 else folder.name
        yield top, below, kind, attempt(path, kind)


def main():
    """Print what became of the files of each folder, and why files were refused."""
    warnings.simplefilter("ignore")
    counts, reasons = {}, []
    for top, below, kind, (result, seconds, why) in rows(sys.argv[1:]):
        counts.setdefault((top, kind.name), []).append((result, seconds))
        if result in ("refused", "fails"):
            reason = why.replace("|", "\\|").replace("\n", " ").split("; ")[0]
            reasons.append(f"| {below} | {reason} |")
    print("| folder | language | run | refused | fail | parts | longest import (s) |")
    print("|---|---|---:|---:|---:|---:|---:|")
    for (top, name), found in counts.items():
        results = [result for result, _ in found]
        numbers = " | ".join(str(results.count(r)) for r in ("runs", "refused", "fails", "part"))
        longest = max(seconds for _, seconds in found)
        print(f"| {top} | {name} | {numbers} | {longest:.2f} |")
    print("\n| refused | why |\n|---|---|", *reasons, sep="\n")


if __name__ == "__main__":
    main()
