#!/usr/bin/env python3
"""Verifies a copied audit log with nothing but Python's standard library.

usage: verify_log.py FOLDER --key VKEY [--key VKEY] [--witness VKEY] [--against CHECKPOINT]

FOLDER holds `head`, `tile`, `side` and so on. A VKEY is a public key of the log or of a witness as
its owner publishes it, `name+hash+base64`. Says what it found; ends with 1 at the first thing that
is wrong. It shares no code with the product; the formats are in crates/audit/README.md.
"""
import argparse, base64, hashlib, json, os, re, sys

sys.dont_write_bytecode = True
from ed25519 import verifies

TILE = r"tile/(\d+|entries)/((?:x\d{3}/)*\d{3})(?:\.p/(\d+))?"


sha256 = lambda data: hashlib.sha256(data).digest()


def fail(path, message):
    sys.exit(f"`{path}`: {message}")


def vkey(text):
    name, key_id, key = text.split("+", 2)
    raw = base64.b64decode(key)
    if sha256(name.encode() + b"\n" + raw)[:4].hex() != key_id or raw[0] not in (1, 4):
        sys.exit(f"`{text}` is no vkey of Ed25519")
    return text, name, bytes.fromhex(key_id), raw[0], raw[1:]


def signed_at(path, text, line, keys):
    """Checks that one of the keys made the line; the time in it, for a cosignature."""
    match = re.fullmatch("— ([^ +]+) ([A-Za-z0-9+/=]+)\n", line) or fail(path, "it is not signed")
    blob = base64.b64decode(match[2])
    for _, name, key_id, kind, key in keys:
        if (match[1], blob[:4], match[2]) == (name, key_id, base64.b64encode(blob).decode()):
            at, offset = int.from_bytes(blob[4:12], "big"), 4 if kind == 1 else 12
            message = text if kind == 1 else f"cosignature/v1\ntime {at}\n{text}"
            if verifies(key, message.encode(), blob[offset:]):
                return at
    fail(path, "it is not signed by a known key")


def note(path, data, keys):
    """The lines of a note that has one signature."""
    text, _, line = data.decode(errors="replace").rpartition("\n\n")
    signed_at(path, text + "\n", line, keys)
    return text.split("\n")


def subtrees(hashes, size=256):
    """The root over each run of `size` hashes, a power of two (RFC 6962)."""
    while size > 1:
        hashes = [sha256(b"\1" + a + b) for a, b in zip(hashes[::2], hashes[1::2])]
        size //= 2
    return hashes


def root(levels, size):
    """The root of the first `size` leaves: perfect subtrees, ever smaller, joined from the right."""
    peaks, at = [], 0
    for height in (h for h in reversed(range(size.bit_length())) if size >> h & 1):
        width = 1 << height % 8
        first = (at >> height) * width
        peaks += subtrees(levels[height // 8][first : first + width], width)
        at += 1 << height
    result = peaks.pop()
    while peaks:
        result = sha256(b"\1" + peaks.pop() + result)
    return result


def tile_path(level, index, width=256):
    digits = f"{index:0{-(-len(str(index)) // 3) * 3}d}"
    path = re.sub(r"(\d{3})(?=\d)", r"x\1/", digits)
    return f"tile/{level}/{path}" + (f".p/{width}" if width < 256 else "")


class Log:
    def __init__(self, folder, keys):
        self.folder, self.keys, self.levels = folder, keys, [[]]
        found = (os.path.relpath(f"{d}/{n}", folder) for d, _, names in os.walk(folder) for n in names)
        self.paths = sorted(path.replace(os.sep, "/") for path in found)
        self.known = set(self.paths)
        for path in self.paths:
            if not re.fullmatch(f"(head|expired|side|cosignature)/.*|{TILE}|checkpoint", path):
                fail(path, "it is no file of a log")

    def read(self, path):
        with open(f"{self.folder}/{path}", "rb") as file:
            return file.read()

    def notes(self, folder, header):
        """Numbered notes of the log, each with its number of entries, which must rise."""
        before = 0
        for count, path in enumerate([p for p in self.paths if p.startswith(folder + "/")], 1):
            if path != f"{folder}/{count:020}":
                fail(f"{folder}/{count:020}", "it is missing")
            lines = note(path, self.read(path), self.keys)
            size = int(lines[1 if folder == "head" else 2])
            if len(lines) != 3 or lines[: len(header)] != header or size <= before:
                fail(path, "it is no such note of this log that follows the one before")
            before = size
            yield path, size, lines

    def entries(self, path):
        entries, data, at = [], self.read(path), 0
        while at < len(data):
            end = at + 2 + int.from_bytes(data[at : at + 2], "big")
            entries.append(data[at + 2 : end] if end <= len(data) else fail(path, f"cut at {at}"))
            at = end
        return entries

    def build(self, size, expired):
        """The hashes of all levels, from the entries; where those have expired, from their tile."""
        for index in range(-(-size // 256)):
            width = min(256, size - index * 256)
            for path in (tile_path("entries", index, width), tile_path("entries", index)):
                if path in self.known:
                    self.levels[0] += [sha256(b"\0" + leaf) for leaf in self.entries(path)[:width]]
                    break
            else:
                if index * 256 + 256 > expired:
                    fail(tile_path("entries", index, width), "it is missing and has not expired")
                data = self.read(tile_path(0, index)) if tile_path(0, index) in self.known else b""
                self.levels[0] += [data[at : at + 32] for at in range(0, 8192, 32)]
            if len(self.levels[0]) != index * 256 + width or len(self.levels[0][-1]) != 32:
                fail(path, f"it, or `{tile_path(0, index)}`, has not {width} entries")
        while len(self.levels[-1]) >= 256:
            self.levels.append(subtrees(self.levels[-1][: len(self.levels[-1]) // 256 * 256]))
        for level, hashes in enumerate(self.levels):
            for index in range(-(-len(hashes) // 256)):
                path = tile_path(level, index, min(256, len(hashes) - index * 256))
                if not {path, tile_path(level, index)} & self.known:
                    fail(path, "it is missing")

    def check_tile(self, path, sides):
        level, index, width = re.fullmatch(TILE, path).groups()
        index, width = int(re.sub("[x/]", "", index)), int(width or 256)
        number = int(level.replace("entries", "0"))
        start = index * 256
        expected = (self.levels + [[]] * 64)[number][start : start + width]
        if len(expected) < width:
            return  # no checkpoint knows it
        if level == "entries":
            leaves = self.entries(path)
            if [sha256(b"\0" + leaf) for leaf in leaves] != expected:
                fail(path, "its entries are not those of the tree")
            return [self.check_entry(path, *leaf, sides) for leaf in enumerate(leaves, start)]
        if (data := self.read(path)) != b"".join(expected):
            wrong = [i for i in range(width) if data[32 * i : 32 * i + 32] != expected[i]]
            place = ("entries", index) if not number else (number - 1, start + (wrong or [0])[0])
            below = next((p for p in self.paths if p.startswith(tile_path(*place))), "what is below")
            fail(path, f"it does not agree with `{below}`: one of the two is damaged")

    def check_entry(self, path, index, leaf, sides):
        entry = json.loads(leaf)
        if entry["sequence"] != index + 1:
            fail(path, f"entry {index} has sequence {entry['sequence']}")
        for side in (v["side"] for v in entry.values() if isinstance(v, dict) and "side" in v):
            name = f"side/{side['sha256']}"
            if name not in self.known or len(self.read(name)) != side["size_bytes"]:
                fail(name, f"it is not what entry {index} names")
            sides.add(name)


def verify(log, witnesses, against):
    heads, origin = list(log.notes("head", [log.keys[0][1]])), log.keys[0][1]
    expired = max([n for _, n, _ in log.notes("expired", ["dtm-audit-expired/v1", origin])], default=0)
    size, sides, cosigned = heads[-1][1] if heads else fail("head", "there is none"), set(), {}
    log.build(size, expired)
    for path in (path for path in log.paths if path.startswith("tile/")):
        log.check_tile(path, sides)
    kept = [(against, note(against, open(against, "rb").read(), log.keys))] if against else []
    for path, lines in [(path, lines) for path, _, lines in heads] + kept:
        if int(lines[1]) > size:
            fail(path, f"the log was rolled back: it has {size} entries")
        if base64.b64encode(root(log.levels, int(lines[1]))).decode() != lines[2]:
            fail(path, "it signed another tree: the log forked, or a tile of expired entries is damaged")
    for path in (path for path in log.paths if path.startswith("side/")):
        if sha256(log.read(path)).hex() != path[5:]:
            fail(path, "its SHA-256 is not its name")
    for number, (_, entries, lines) in enumerate(heads, 1):
        for key in witnesses:
            path = f"cosignature/{number:020}/{sha256(key[0].encode())[:8].hex()}"
            if path in log.known:
                line, text = log.read(path).decode(errors="replace"), "\n".join(lines) + "\n"
                cosigned[key[1]] = entries, signed_at(path, text, line, [key])
    print(f"whole: {size} entries, {expired} expired, {len(heads)} heads, {len(sides)} side objects")
    for name, (entries, at) in cosigned.items():
        print(f"{name} cosigned the first {entries} entries at {at} (seconds since 1970)")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--key", action="append", required=True, type=vkey)
    parser.add_argument("--witness", action="append", default=[], type=vkey)
    parser.add_argument("--against")
    options = parser.parse_args()
    verify(Log(options.folder, options.key), options.witness, options.against)
