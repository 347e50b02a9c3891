"""The models of a server, and what each protocol asks of them."""

from google.protobuf import json_format
from google.protobuf.message import Message
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2

from serving.model_spec import ModelSpec
from serving.servable import Servable
from serving.status import Code, ServingError, invalid_argument
from serving.versioned_model import VersionedModel

SIGNATURE_DEF_FIELD = "signature_def"
"""The one kind of metadata there is."""


class Catalog:
    """Models by name.

    Attributes:
      models: the models, by name.
    """

    def __init__(self, models: dict[str, VersionedModel]) -> None:
        """Keeps `models`."""
        self.models = models

    def refresh(self) -> None:
        """Polls the base path of every model. Not to be called by two threads at a time."""
        for model in self.models.values():
            model.refresh()

    @property
    def is_available(self) -> bool:
        """True where every model has a version to serve."""
        return all(model.servable() is not None for model in self.models.values())

    def servable(self, spec: ModelSpec) -> Servable:
        """The version that `spec` means.

        Raises:
          ServingError: NOT_FOUND for a model or version that is not available; INVALID_ARGUMENT for a label.
        """
        _refuse_label(spec)
        model = self.models.get(spec.name)
        servable = model.servable(spec.version) if model else None
        if servable is None:
            raise ServingError(Code.NOT_FOUND, f"Servable not found for request: {spec}")
        return servable

    def status(self, spec: ModelSpec) -> get_model_status_pb2.GetModelStatusResponse:
        """The states of one or all versions of a model, newest first.

        Raises:
          ServingError: NOT_FOUND for a model or version never seen; INVALID_ARGUMENT for a label.
        """
        _refuse_label(spec)
        model = self.models.get(spec.name)
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


def _refuse_label(spec: ModelSpec) -> None:
    # No labels can be assigned, so each one is unknown.
    if spec.label is not None:
        raise invalid_argument(f"Unrecognized servable version label: {spec.label}")
