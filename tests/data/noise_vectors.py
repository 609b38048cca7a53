#!/usr/bin/env python3
"""Writes tests/unit/secure/noise_vectors.h from noise-nnpsk0-vectors.json: the vectors of the one
protocol that Waldo speaks, as a C table.

    tests/data/noise_vectors.py > tests/unit/secure/noise_vectors.h
"""
import json
import os

PROTOCOL = "Noise_NNpsk0_25519_ChaChaPoly_BLAKE2b"
MEMBERS = ("prologue", "pre_shared_key", "initiator_ephemeral", "responder_ephemeral",
           "handshake_hash")


def literal(text, indent):
    """A C string of at most 64 characters a line."""
    lines = [text[i:i + 64] for i in range(0, len(text), 64)] or [""]
    return ("\n" + " " * indent).join(f'"{line}"' for line in lines)


def main():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "noise-nnpsk0-vectors.json")
    with open(path, encoding="ascii") as file:
        vectors = [one for one in json.load(file)["vectors"] if one["protocol_name"] == PROTOCOL]
    messages = max(len(vector["messages"]) for vector in vectors)
    print(f"/* Made by tests/data/noise_vectors.py. {PROTOCOL},\n * in hexadecimal digits. */")
    print("#ifndef WALDO_TESTS_NOISE_VECTORS_H\n#define WALDO_TESTS_NOISE_VECTORS_H\n")
    print("#include <stddef.h>\n")
    print("typedef struct noise_vector {")
    for member in MEMBERS:
        print(f"    const char *{member};")
    print("    size_t message_count;")
    print("    struct {\n        const char *payload;\n        const char *ciphertext;")
    print(f"    }} messages[{messages}];\n}} noise_vector;\n")
    print("/* clang-format off */")
    print("static const noise_vector noise_vectors[] = {")
    for vector in vectors:
        # Both sides are given the same ones.
        assert vector["init_prologue"] == vector["resp_prologue"]
        assert vector["init_psks"] == vector["resp_psks"] and len(vector["init_psks"]) == 1
        values = (vector["init_prologue"], vector["init_psks"][0], vector["init_ephemeral"],
                  vector["resp_ephemeral"], vector["handshake_hash"])
        print("    {")
        for member, value in zip(MEMBERS, values):
            print(f"        .{member} = {literal(value, 12)},")
        print(f"        .message_count = {len(vector['messages'])},")
        print("        .messages = {")
        for message in vector["messages"]:
            print(f"            {{{literal(message['payload'], 16)},")
            print(f"             {literal(message['ciphertext'], 16)}}},")
        print("        },\n    },")
    print("};\n/* clang-format on */\n\n#endif")


if __name__ == "__main__":
    main()
