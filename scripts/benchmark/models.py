"""The models that are compared, in the form that each side reads."""

import dataclasses
import json
import pathlib
import subprocess
import sys


@dataclasses.dataclass
class Model:
    name: str
    repository: pathlib.Path
    saved: pathlib.Path
    diffusers: pathlib.Path
    onnx: pathlib.Path
    onnx_sample: pathlib.Path
    openvino: pathlib.Path


class Models:
    def __init__(self, root, folder):
        self.root = root
        self.folder = folder
        self.made = {}

    def get(self, name):
        """`fashion-mnist` has the weights that ship, as this program exports them; `cifar10` has
        random ones."""
        if name not in self.made:
            self.made[name] = self.make(name)
        return self.made[name]

    def make(self, name):
        print(f"making {name} for every side…", file=sys.stderr)
        folder = self.folder / name
        run = folder / "run"
        if name == "fashion-mnist":
            shipped = max((self.root / "savedmodel" / name).iterdir(), key=lambda f: int(f.name))
            self.ddim("import", "--from", f"savedmodel:{shipped}", "--out", run)
            self.ddim("export", "--run", run, "--models", folder / "models", "--name", name)
        else:
            recipe = folder / "recipe.json"
            folder.mkdir(parents=True)
            recipe.write_text(json.dumps({"base": name}))
            classpath = sys.argv[sys.argv.index("--classpath") + 1]
            self.call("java", "-cp", classpath, self.root / "scripts/interop/RandomModel.java",
                      folder / "models", name, name, "eps")
            self.ddim("import", "--from", f"savedmodel:{folder / 'models' / name / '1'}",
                      "--out", run)
        saved = folder / "models" / name / "1"
        self.ddim("export", "--run", run, "--format", "diffusers", "--out", folder / "diffusers")
        for target in ("onnx", "openvino"):
            self.call(sys.executable, self.root / "scripts/interop/convert.py", target, saved,
                      folder / target)
        return Model(name, folder / "models", saved, folder / "diffusers",
                     folder / "onnx" / "predict_noise.onnx", folder / "onnx" / "sample.onnx",
                     folder / "openvino" / "predict_noise.xml")

    def recipe(self, precision, batch):
        file = self.folder / f"recipe-{precision}.json"
        file.write_text(json.dumps({"base": "fashion-mnist", "batch_size": batch,
                                    "checkpoint_every": 10**9,
                                    "precision": precision.upper()}))
        return file

    def ddim(self, *words):
        return self.call(self.root / "scripts" / "ddim", *words)

    @staticmethod
    def call(*words):
        done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"bench: {words[0]} failed:\n{done.stdout}{done.stderr}")
        return done.stdout
