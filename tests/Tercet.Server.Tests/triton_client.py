"""Asks a server for embeddings by NVIDIA's tritonclient.http, which knows nothing of Tercet.

python3 triton_client.py HOST:PORT MODEL KEY SAMPLES OUT
SAMPLES is a file of float32 samples; OUT.binary, OUT.json and OUT.default get the embeddings, as bytes behind the JSON, as JSON numbers, and as the client asks by itself."""
import sys

import numpy as np
import tritonclient.http as triton

address, model, key, source, target = sys.argv[1:]
client = triton.InferenceServerClient(address)


def headers():
    """New for each call: the client writes a length of its own into what it is given."""
    return {"Authorization": f"Bearer {key}"}


if not (client.is_server_live(headers()) and client.is_server_ready(headers()) and client.is_model_ready(model, headers=headers())):
    sys.exit("the server or the model is not ready")
metadata = client.get_model_metadata(model, headers=headers())
taken, given = metadata["inputs"][0], metadata["outputs"][0]
samples = np.fromfile(source, "<f4").reshape(taken["shape"])

for kind in ("binary", "json", "default"):
    tensor = triton.InferInput(taken["name"], list(samples.shape), taken["datatype"])
    tensor.set_data_from_numpy(samples, binary_data=kind != "json")
    outputs = None if kind == "default" else [triton.InferRequestedOutput(given["name"], binary_data=kind == "binary")]
    result = client.infer(model, [tensor], request_id=kind, outputs=outputs, headers=headers())
    if result.get_response()["id"] != kind:
        sys.exit("the answer bears another id")
    result.as_numpy(given["name"]).astype("<f4").tofile(f"{target}.{kind}")
