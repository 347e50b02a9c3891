"""The one table of models, resolved lazily: naming a model imports only its own file."""

import dataclasses
import importlib
from typing import Any

from tfdgm.configs import UnknownNameError
from tfdgm.core.types import DataSpec

MODELS: dict[str, str] = {
    "vae": "tfdgm.models.vae:VAE",
    "iwae": "tfdgm.models.vae:VAE",
    "aavae": "tfdgm.models.adversary_activated:AAVAE",
    "svae": "tfdgm.models.semi_supervised_vae:SemiSupervisedVAE",
    "cvae": "tfdgm.models.semi_supervised_vae:SemiSupervisedVAE",
    "aasvae": "tfdgm.models.adversary_activated:AASVAE",
    "aacvae": "tfdgm.models.adversary_activated:AASVAE",
    "aae": "tfdgm.models.aae:AAE",
    "saae": "tfdgm.models.semi_supervised_aae:SemiSupervisedAAE",
    "rbm": "tfdgm.models.rbm:RBM",
    "dbn": "tfdgm.models.dbn:DBN",
    "dbm": "tfdgm.models.dbm:DBM",
    "classifier": "tfdgm.models.classifier:Classifier",
    "teacher_student": "tfdgm.models.teacher_student:TeacherStudent",
    "tagger": "tfdgm.models.tagger:Tagger",
    "predictability_minimization": "tfdgm.models.predictability_minimization:PredictabilityMinimization",
    "sbn": "tfdgm.models.sbn:SigmoidBeliefNet",
    "helmholtz": "tfdgm.models.sbn:SigmoidBeliefNet",
    "nvil": "tfdgm.models.sbn:SigmoidBeliefNet",
    "gan": "tfdgm.models.gan:GAN",
    "dcgan": "tfdgm.models.gan:GAN",
    "iwgan": "tfdgm.models.iwgan:IWGAN",
    "constrained_gan": "tfdgm.models.constrained_gan:ConstrainedGAN",
    "vae_gan": "tfdgm.models.vae_gan:VAEGAN",
    "infogan": "tfdgm.models.infogan:InfoGAN",
    "ali": "tfdgm.models.ali:ALI",
    "wgan": "tfdgm.models.wgan:WGAN",
    "wgan_gp": "tfdgm.models.wgan:WGAN",
    "progan": "tfdgm.models.progan:ProGAN",
    "biggan": "tfdgm.models.biggan:BigGAN",
    "flow": "tfdgm.models.flow:Flow",
    "real_nvp": "tfdgm.models.flow:Flow",
    "maf": "tfdgm.models.flow:Flow",
    "nsf": "tfdgm.models.flow:Flow",
    "glow": "tfdgm.models.glow:Glow",
    "gaussian": "tfdgm.models.gaussian:Gaussian",
}


def list_models() -> list[str]:
    """Names that `build` takes."""
    return sorted(MODELS)


def build(name: str, spec: DataSpec, **config: Any) -> Any:
    """A new model.

    Args:
      name: one of `list_models()`.
      spec: what one example is.
      **config: fields of the model's configuration, and Keras's `name` and `dtype`.

    Raises:
      UnknownNameError: naming the nearest model.
      ValueError: from the constructor, naming the field.
    """
    if name not in MODELS:
        raise UnknownNameError("model", name, list_models())
    module, _, attribute = MODELS[name].partition(":")
    return getattr(importlib.import_module(module), attribute)(spec, name=config.pop("name", name), **config)


def build_from_config(config: Any, spec: DataSpec, *, seed: int) -> Any:
    """The model that a configuration's `model` part describes."""
    fields = dataclasses.asdict(config)
    return build(fields.pop("model_name"), spec, seed=seed, **fields)
