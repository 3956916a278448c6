"""An objective in Python that joins a running search: the depth of a network, in mobile blocks that are not skipped.

    pip install nats-py nkeys protobuf grpcio-tools
    python docs/examples/objective.py RUN_FOLDER

It speaks the messages of proto/emars.proto, each in the frame that its head describes.
"""
import asyncio
import importlib
import json
import pathlib
import struct
import sys
import tempfile
import uuid
import zlib

import nats
from grpc_tools import protoc

NAME, UNIT, DIRECTION, NEEDS = "depth", "blocks", "min", "genome"


def measure(genome, history):
    """`genome`: one operation a block. `history`: pairs (epoch, accuracy)."""
    return float(sum(operation != "skip" for operation in genome))


def compiled_messages():
    proto = pathlib.Path(__file__).resolve().parents[2] / "proto"
    with tempfile.TemporaryDirectory() as folder:
        protoc.main(["protoc", f"-I{proto}", f"--python_out={folder}", str(proto / "emars.proto")])
        sys.path.insert(0, folder)
        return importlib.import_module("emars_pb2")


def checksum(message, body):
    return struct.pack("<I", zlib.crc32(message.DESCRIPTOR.name.encode() + body))


def framed(message):
    body = message.SerializeToString()
    return body + checksum(message, body)


def unframed(frame, message):
    body = frame[:-4]
    if checksum(message, body) != frame[-4:]:
        raise ValueError("another checksum than theirs")
    message.ParseFromString(zlib.decompress(body[1:], -15) if body[:1] == b"\0" else body)
    return message


def result_of(pb, request, subject):
    head = {"name": NAME, "incarnation": request.incarnation, "fence": request.fence, "epoch": request.epoch}
    history = [(point.epoch, point.accuracy) for point in subject.history]
    try:
        value, error = measure(list(subject.individual.genome), history), ""
    except Exception as problem:  # Evolution counts it; five in a row end the objective.
        value, error = 0.0, str(problem) or type(problem).__name__
    return pb.MeasureResult(individual=subject.individual.id, value=value, error=error, **head)


async def main(folder):
    pb = compiled_messages()
    access = json.loads((pathlib.Path(folder) / "bus.json").read_text())
    keys = [key for key in access["login"]["keys"] if key["role"] == "objective" and key["id"] in (None, NAME)]
    inbox = f"_INBOX.objective.{NAME}"  # The broker lets this role ask nothing from elsewhere.
    bus = await nats.connect(access["url"], nkeys_seed_str=keys[0]["seed"], inbox_prefix=inbox)
    prefix = f"emars.{access['run']}"
    over, incarnation, joined = asyncio.Event(), uuid.uuid4().hex, False

    async def on_message(received):
        if received.subject == f"{prefix}.farewell":
            return over.set()
        request = unframed(received.data, pb.MeasureRequest())
        for subject in request.subjects if request.incarnation == incarnation else []:
            await bus.publish(f"{prefix}.evolution.measured.{NAME}", framed(result_of(pb, request, subject)))

    for subject in (f"objective.{NAME}.measure", "farewell"):
        await bus.subscribe(f"{prefix}.{subject}", cb=on_message)
    while not over.is_set():  # A hello every second says that this process is alive.
        hello = pb.ObjectiveHello(protocol=4, name=NAME, unit=UNIT, direction=DIRECTION, needs=NEEDS)
        hello.incarnation, hello.joined = incarnation, joined
        try:
            answer = await bus.request(f"{prefix}.evolution.objective.{NAME}", framed(hello), timeout=5)
            reply = unframed(answer.data, pb.ObjectiveReply())
            if not reply.accepted and not reply.busy and reply.reason:
                raise SystemExit(f"the search goes on without {NAME}: {reply.reason}")
            if reply.accepted and not joined:
                joined = True
                print(f"{NAME} takes part from epoch {reply.since} on", flush=True)
        except nats.errors.Error:
            pass  # The broker or evolution starts again.
        await asyncio.wait([asyncio.create_task(over.wait())], timeout=1)
    print("the search is over")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
