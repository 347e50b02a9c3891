"""The models of a server, and what each protocol asks of them."""

from collections.abc import Callable, Mapping

from google.protobuf import json_format
from google.protobuf.message import Message
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2

from serving.model_config import ModelConfig
from serving.model_spec import ModelSpec
from serving.servable import Servable
from serving.status import Code, ServingError, invalid_argument
from serving.versioned_model import Loader, Retries, VersionedModel

SIGNATURE_DEF_FIELD = "signature_def"
"""The one kind of metadata there is."""


class Catalog:
    """Models by name, as a configuration that may be exchanged while they serve lists them."""

    def __init__(self, load: Callable[[str], Loader], retries: Retries, allow_labels_for_unavailable: bool) -> None:
        """Begins without models; `configure` adds them.

        Args:
          load: gives the loader of a model by its name.
          retries: of versions that fail to load.
          allow_labels_for_unavailable: whether a label not in use before may name a version that is not available.
        """
        self._load = load
        self._retries = retries
        self._allow_labels_for_unavailable = allow_labels_for_unavailable
        self._models: dict[str, VersionedModel] = {}  # exchanged whole, never changed, so that requests need no lock
        self._removed: dict[str, VersionedModel] = {}  # models no longer configured, for their statuses

    @property
    def models(self) -> Mapping[str, VersionedModel]:
        """The models, by name."""
        return self._models

    def configure(self, configs: Mapping[str, ModelConfig], *, at_start: bool = False) -> None:
        """Makes `configs` the models there are: loads, unloads and labels what has to be.

        A label must name a version that is available before the change, at the start one that is after it. Not to be
        called beside `refresh` or by two threads at a time.

        Raises:
          ServingError: FAILED_PRECONDITION for a label that may not be assigned, and nothing has changed then, but at
            the start; UNKNOWN where a new model has no version that loads, all else being in place.
        """
        if not at_start:
            self._require_labels(configs)
        before = self._models
        models = {
            name: before[name]
            if name in before and before[name].config.base_path == config.base_path
            else VersionedModel(config, self._load(name), self._retries)
            for name, config in configs.items()
        }
        for name, model in models.items():
            model.config = configs[name]
            model.refresh()  # before requests can ask for the new ones
        gone = {name: model for name, model in before.items() if models.get(name) is not model}
        self._removed = {name: model for name, model in (self._removed | gone).items() if name not in models}
        self._models = models
        for model in gone.values():
            model.unload()
        if at_start:
            self._require_labels(configs)
            return
        missing = [name for name, model in models.items() if name not in before and model.servable() is None]
        if missing:
            raise ServingError(Code.UNKNOWN, f"Some models did not become available: {{{', '.join(missing)}}}")

    def refresh(self) -> None:
        """Polls the base path of every model. Not to be called by two threads at a time."""
        for model in self._models.values():
            model.refresh()

    @property
    def is_available(self) -> bool:
        """True where every model has a version to serve."""
        return all(model.servable() is not None for model in self._models.values())

    def servable(self, spec: ModelSpec) -> Servable:
        """The version that `spec` means.

        Raises:
          ServingError: NOT_FOUND for a model or version that is not available; INVALID_ARGUMENT for an unknown label.
        """
        spec = self._without_label(spec)
        model = self._models.get(spec.name)
        servable = model.servable(spec.version) if model else None
        if servable is None:
            raise ServingError(Code.NOT_FOUND, f"Servable not found for request: {spec}")
        return servable

    def status(self, spec: ModelSpec) -> get_model_status_pb2.GetModelStatusResponse:
        """The states of one or all versions of a model, newest first.

        Raises:
          ServingError: NOT_FOUND for a model or version never seen; INVALID_ARGUMENT for an unknown label.
        """
        spec = self._without_label(spec)
        model = self._models.get(spec.name) or self._removed.get(spec.name)
        statuses = [status for status in (model.statuses() if model else ()) if spec.version in (None, status.version)]
        if not statuses and spec.version is None:
            raise ServingError(Code.NOT_FOUND, f"Could not find any versions of model {spec.name}")
        if not statuses:
            raise ServingError(Code.NOT_FOUND, f"Could not find version {spec.version} of model {spec.name}")
        response = get_model_status_pb2.GetModelStatusResponse()
        for status in statuses:
            entry = response.model_version_status.add(version=status.version, state=int(status.state))
            if status.error is not None:
                entry.status.error_code, entry.status.error_message = int(status.error.code), status.error.message
            else:
                entry.status.SetInParent()
        return response

    def metadata(self, spec: ModelSpec) -> get_model_metadata_pb2.GetModelMetadataResponse:
        """The signatures of a version as its SavedModel describes them.

        Raises:
          ServingError: as `servable`.
        """
        servable = self.servable(spec)
        signature_map = get_model_metadata_pb2.SignatureDefMap()
        for name, definition in servable.signature_defs.items():
            signature_map.signature_def[name].CopyFrom(definition)
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        response.model_spec.name = spec.name
        response.model_spec.version.value = servable.version
        response.metadata[SIGNATURE_DEF_FIELD].Pack(signature_map)
        return response

    def _without_label(self, spec: ModelSpec) -> ModelSpec:
        """`spec` with the version that its label names."""
        if spec.label is None:
            return spec
        model = self._models.get(spec.name)
        version = model.config.labels.get(spec.label) if model else None
        if version is None:
            raise invalid_argument(f"Unrecognized servable version label: {spec.label}")
        return ModelSpec(spec.name, version)

    def _require_labels(self, configs: Mapping[str, ModelConfig]) -> None:
        for config in configs.values():
            model = self._models.get(config.name)
            used = model.config.labels if model else {}
            for label, version in config.labels.items():
                is_free = used.get(label, version) == version
                if self._allow_labels_for_unavailable and is_free:
                    continue
                if model is None or model.servable(version) is None:
                    raise ServingError(
                        Code.FAILED_PRECONDITION,
                        f"Request to assign label to version {version} of model {config.name}, which is not currently "
                        "available for inference",
                    )


def metadata_json(response: get_model_metadata_pb2.GetModelMetadataResponse) -> dict:
    """The REST form of `response`: the signatures in plain, not as a protobuf `Any`."""
    signature_map = get_model_metadata_pb2.SignatureDefMap()
    response.metadata[SIGNATURE_DEF_FIELD].Unpack(signature_map)
    return {
        "model_spec": message_json(response.model_spec),
        "metadata": {SIGNATURE_DEF_FIELD: message_json(signature_map)},
    }


def message_json(message: Message) -> dict:
    """A protobuf message as TensorFlow Serving prints it: proto names, default values too, int64 as strings."""
    return json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
