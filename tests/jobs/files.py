"""Small files to spoil: images, and weights taken apart."""

import json
import struct
import zlib


def write_png(path, size=8, value=100):
    """A grey RGB image."""
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    rows = (b"\0" + bytes([value]) * 3 * size) * size
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)) +
                     chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def spoilt_weights(source, target, change):
    """Copies a safetensors file; `change(header, body)` may alter its header (a dict) and its bytes (a bytearray)."""
    content = source.read_bytes()
    length = struct.unpack("<Q", content[:8])[0]
    header, body = json.loads(content[8:8 + length]), bytearray(content[8 + length:])
    change(header, body)
    words = json.dumps(header).encode()
    target.write_bytes(struct.pack("<Q", len(words)) + words + body)
    return target


def write_npy(path, shape, kind="<f4", fortran=False, data=None):
    """An array file of zeros, or of the given bytes."""
    header = f"{{'descr': '{kind}', 'fortran_order': {fortran}, 'shape': {tuple(shape)}, }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    count = 1
    for size in shape:
        count *= size
    path.write_bytes(b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header.encode() +
                     (bytes(count * int(kind[2:])) if data is None else data))
    return path
