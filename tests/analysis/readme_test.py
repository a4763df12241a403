"""What the pages show of reading a results file is run as it stands there."""

import contextlib
import importlib.util
import io
import os
import re
import unittest

from sample_files import ROOT, WithFolder


def examples(word):
    """The Python examples of README and of that beside the results file's code that have this word."""
    pages = "".join((ROOT / place / "README.md").read_text() for place in (".", "src/results"))
    return [code for code in re.findall(r"```python\n(.*?)```", pages, re.DOTALL) if word in code]


class Readme(WithFolder):
    def printed(self, code, variant):
        """Of an example, beside a run in runs/demo."""
        place = self.folder / variant / "runs"
        place.mkdir(parents=True)
        self.sample(place.relative_to(self.folder) / "demo", variant)
        before, out = os.getcwd(), io.StringIO()
        os.chdir(place.parent)
        try:
            with contextlib.redirect_stdout(out):
                exec(compile(code, "README.md", "exec"), {})
        finally:
            os.chdir(before)
        return out.getvalue()

    def test_h5py_reads_scores_and_compares_texts(self):
        [code] = [code for code in examples("h5py") if "swmr" not in code]
        self.assertRegex(self.printed(code, "plain"), r"\[0\.46\d+ .* 0\.73333333\]")

    def test_h5py_reads_a_file_beside_its_writer(self):
        [code] = examples("swmr")
        self.assertRegex(self.printed(code, "killed"), r"\[1\.5 +0\.75 +0\.5 *\]")

    @unittest.skipUnless(all(map(importlib.util.find_spec, ("xarray", "netCDF4"))), "xarray or netCDF4 is not there")
    def test_xarray_reads_scores_and_compares_texts(self):
        [code] = examples("xarray")
        self.assertRegex(self.printed(code, "other"), r"\[0\.46\d+ .* 0\.73333333\]")


if __name__ == "__main__":
    unittest.main()
