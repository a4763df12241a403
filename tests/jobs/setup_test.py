"""Which build and which packages jobs/setup asks for, in a folder of its own with stand-ins for all it calls."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

# Leaves behind what jobs/setup reads of CMake's work: the cache, which a configuration that fails writes as well.
CMAKE = """#!/bin/sh
mkdir -p build
echo "CMAKE_HOME_DIRECTORY:INTERNAL=$PWD" > build/CMakeCache.txt
for argument; do
  case $argument in
    -DFEDORBIT_CUDA=*) echo "FEDORBIT_CUDA:BOOL=${argument#*=}" >> build/CMakeCache.txt ;;
  esac
done
exit "${CMAKE_FAILS:-0}"
"""
PROGRAMS = {"bin/cmake": CMAKE, "bin/ninja": "#!/bin/sh\necho ninja: no work to do.\n",
            "bin/nvidia-smi": "#!/bin/sh\n", "cache/fedorbit/venv/bin/python": "#!/bin/sh\n"}  # all packages are there


class SetupTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fedorbit-setup-"))
        self.addCleanup(shutil.rmtree, self.folder)
        for name, text in PROGRAMS.items():
            program = self.folder / name
            program.parent.mkdir(parents=True, exist_ok=True)
            program.write_text(text)
            program.chmod(0o755)
        for name in ("cache/fedorbit/vocabulary/bpe_simple_vocab_16e6.txt.gz", "torch/lib/libtorch_cpu.so"):
            file = self.folder / name
            file.parent.mkdir(parents=True)
            file.touch()
        (self.folder / "jobs").mkdir()
        shutil.copy(pathlib.Path(__file__).parents[2] / "jobs" / "setup", self.folder / "jobs")

    def setup(self, *options, **environment):
        """Exit code and messages; also self.cuda, what was configured, and self.pins, the packages asked for."""
        marker = self.folder / "cache/fedorbit/venv/complete"
        marker.unlink(missing_ok=True)
        own = {name: value for name, value in os.environ.items() if name not in ("FEDORBIT_TORCH", "Torch_DIR")}
        done = subprocess.run(
            [self.folder / "jobs" / "setup", "--no-packages", *options], text=True, capture_output=True,
            env={**own, "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
                 "XDG_CACHE_HOME": str(self.folder / "cache"), **environment})
        self.pins = marker.read_text().split()
        self.cuda = "FEDORBIT_CUDA:BOOL=ON" in (self.folder / "build" / "CMakeCache.txt").read_text()
        return done.returncode, done.stdout + done.stderr

    def expect(self, cuda, *options):
        code, messages = self.setup(*options)
        self.assertEqual((code, self.cuda), (0, cuda), messages)
        self.assertEqual(any(pin.startswith("nvidia-nccl") for pin in self.pins), cuda, self.pins)

    def test_a_new_build_is_without_cuda_also_where_there_is_a_gpu(self):
        self.expect(False)

    def test_a_build_with_cuda_is_kept_until_it_is_made_one_without(self):
        self.expect(True, "--cuda")
        self.expect(True, "--quiet", "--target", "fedorbit")  # as jobs/demo calls it
        self.expect(True, "--with-slurm")                     # as tests/run does
        self.expect(False, "--cpu")
        self.expect(False)

    def test_a_build_folder_from_another_place_is_of_the_same_kind(self):
        self.expect(True, "--cuda")
        cache = self.folder / "build" / "CMakeCache.txt"
        cache.write_text(cache.read_text().replace(str(self.folder), "/elsewhere"))
        self.expect(True)

    def test_a_libtorch_of_ones_own_asks_for_no_other(self):
        code, messages = self.setup("--cuda", FEDORBIT_TORCH=str(self.folder / "torch"))
        self.assertEqual((code, self.cuda), (0, True), messages)
        self.assertFalse([pin for pin in self.pins if pin.startswith(("torch", "nvidia"))])

    def test_a_failed_build_with_cuda_names_the_way_back(self):
        code, messages = self.setup("--cuda", CMAKE_FAILS="1")
        self.assertEqual(code, 1)
        self.assertIn("jobs/setup --cpu", messages)
        code, messages = self.setup("--cpu", CMAKE_FAILS="1")
        self.assertEqual(code, 1)
        self.assertNotIn("--cpu", messages)

    def test_what_is_to_be_configured_is_not_built(self):
        (self.folder / "bin/ninja").write_text("#!/bin/sh\nexit 1\n")
        code, messages = self.setup("--configure")
        self.assertEqual(code, 0, messages)
        code, messages = self.setup()
        self.assertEqual(code, 1, messages)
