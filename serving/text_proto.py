"""Reading configuration files in protobuf's text format.

`tensorflow-serving-api` carries the message of models.config but not those of the batching and monitoring files, so
their descriptors are built here, in a pool of our own that can never clash with a later release which has them.
"""

import pathlib
from collections.abc import Mapping

from google.protobuf import descriptor_pb2, descriptor_pool, message, message_factory, text_format, wrappers_pb2

_POOL = descriptor_pool.DescriptorPool()
_POOL.AddSerializedFile(wrappers_pb2.DESCRIPTOR.serialized_pb)
_SCALARS = {
    "bool": descriptor_pb2.FieldDescriptorProto.TYPE_BOOL,
    "int64": descriptor_pb2.FieldDescriptorProto.TYPE_INT64,
    "string": descriptor_pb2.FieldDescriptorProto.TYPE_STRING,
}


class ConfigError(ValueError):
    """A configuration file that cannot be used; the message names the file, the place and what is wrong."""


def define_message(name: str, fields: Mapping[str, str]) -> type[message.Message]:
    """A message class for text files.

    Field numbers do not occur in the text format, so they are simply counted.

    Args:
      name: full name with its package, `tensorflow.serving.BatchingParameters`.
      fields: type by field name: a scalar, `repeated` and a scalar, or the full name of a message defined before.
    """
    package, _, short_name = name.rpartition(".")
    file = descriptor_pb2.FileDescriptorProto(name=f"{name}.proto", package=package, syntax="proto3")
    definition = file.message_type.add(name=short_name)
    for number, (field_name, declared) in enumerate(fields.items(), start=1):
        label, _, type_name = declared.rpartition(" ")
        field = definition.field.add(name=field_name, number=number)
        field.label = field.LABEL_REPEATED if label == "repeated" else field.LABEL_OPTIONAL
        if type_name in _SCALARS:
            field.type = _SCALARS[type_name]
        else:
            field.type, field.type_name = field.TYPE_MESSAGE, f".{type_name}"
            file.dependency.append(_POOL.FindFileContainingSymbol(type_name).name)
    _POOL.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(name))


def read_text_proto(path: pathlib.Path, message_class: type[message.Message]) -> message.Message:
    """The message in the text file `path`.

    Raises:
      ConfigError: for a file that cannot be read, or does not parse as `message_class`.
    """
    try:
        return text_format.Parse(path.read_text(encoding="utf-8"), message_class())
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    except text_format.ParseError as error:
        raise ConfigError(
            f"Invalid protobuf file: '{path}': Error parsing text-format {message_class.DESCRIPTOR.full_name}: {error}"
        ) from error
