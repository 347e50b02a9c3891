"""Builds and installs the package; `make env` installs the locked versions of what is named here."""

import re
from pathlib import Path

from setuptools import find_packages, setup

_HERE = Path(__file__).parent
_VERSION = re.search(r'^__version__ = "(.+)"$', (_HERE / "tfdgm" / "__init__.py").read_text(), re.MULTILINE)[1]
_README = _HERE / "README.md"

_INSTALL = [
    "tensorflow>=2.21,<2.22",
    "keras>=3.15,<3.16",
    # Curves and tables as pictures.
    "matplotlib>=3.10,<4",
    "tensorflow-probability>=0.25,<0.26",
    # TensorFlow Probability imports it; this package never does.
    "tf_keras>=2.21,<2.22",
    "tensorflow-datasets>=4.9.10,<4.10",
    # The file format of prepared data, and what TFDS imports without declaring it.
    "array_record>=0.8,<0.9",
    "importlib_resources>=6",
    # An export carries warm-up requests in TensorFlow Serving's own format.
    "tensorflow-serving-api>=2.21,<2.22",
    "absl-py>=2",
    "docstring_parser>=0.17,<1",
    "filelock>=3.18",
    "ml_collections>=1.1,<2",
    "numpy>=2",
    "pillow>=11",
    "platformdirs>=4",
    "protobuf>=6.31",
    "scikit-learn>=1.7",
    "scipy>=1.15",
    # `tf.summary` writes through it, and TensorFlow no longer brings it.
    "tensorboard>=2.20,<2.22",
    "tqdm>=4.66",
]

_SERVING = [
    "aiohttp>=3.13,<4",
    "grpcio>=1.76,<2",
    "grpcio-health-checking>=1.76,<2",
    "ml_dtypes>=0.5.1",
    "orjson>=3.11,<4",
    "urllib3>=2",
]

_DEV = [
    "build>=1.3",
    "hypothesis>=6.140",
    "import-linter>=2.5",
    "pip-tools>=7.5",
    "pre-commit>=4",
    # With its own Node.js, so that a machine without one downloads nothing while it checks.
    "pyright[nodejs]>=1.1.400",
    "pytest>=9",
    "pytest-xdist>=3.8",
    "pyyaml>=6",
    "ruff>=0.14",
    "setuptools>=77",
    "wheel",
]

setup(
    name="tfdgm",
    version=_VERSION,
    description="Deep generative models on TensorFlow and Keras 3: train, evaluate, resume, export, serve.",
    long_description=_README.read_text() if _README.exists() else "",
    long_description_content_type="text/markdown",
    license_expression="Apache-2.0",
    license_files=["LICENSE"],
    python_requires=">=3.11,<3.13",
    packages=find_packages(include=["tfdgm", "tfdgm.*", "trainers", "trainers.*", "serving", "serving.*"]),
    package_data={"serving": ["*.config", "*.css", "*.html", "*.js", "*.json", "*.yml"]},
    install_requires=_INSTALL,
    extras_require={"serving": _SERVING, "dev": _DEV},
    entry_points={
        "console_scripts": [
            "tfdgm-train = trainers.train:main",
            "tfdgm-evaluate = trainers.evaluate:main",
            "tfdgm-sample = trainers.sample:main",
            "tfdgm-export = trainers.export:main",
            "tfdgm-demo = trainers.demo:main",
            "tfdgm-explaining-away = trainers.explaining_away:main",
            "tfdgm-infinite-depth = trainers.infinite_depth:main",
            "tfdgm-compare-estimators = trainers.compare_estimators:main",
            "tfdgm-learning-curves = trainers.learning_curves:main",
            "tfdgm-wake-sleep-convergence = trainers.wake_sleep_convergence:main",
            "tfdgm-reference-scores = trainers.reference_scores:main",
            "tfdgm-animate = trainers.animate:main",
            "tfdgm-compare-distances = trainers.compare_distances:main",
            "tfdgm-attribute-direction = trainers.attribute_direction:main",
            "tfdgm-truncation-sweep = trainers.truncation_sweep:main",
            "tfdgm-critic-against-exact = trainers.critic_against_exact:main",
            "tfdgm-estimate = trainers.estimate:main",
            "tfdgm-verify-unified = trainers.verify_unified:main",
            "tfdgm-mode-study = trainers.mode_study:main",
            "tfdgm-across-seeds = trainers.across_seeds:main",
            "tfdgm-latent-plot = trainers.latent_plot:main",
            "tfdgm-rule-cases = trainers.rule_cases:main",
            "tfdgm-constraint-gradients = trainers.constraint_gradients:main",
            "tfdgm-launch-local = trainers.launch_local:main",
            "tfdgm-serve = serving.server:main",
            "tfdgm-sample-client = serving.client:main",
        ]
    },
    classifiers=[
        "Intended Audience :: Developers",
        "Intended Audience :: Education",
        "Intended Audience :: Science/Research",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
    ],
)
