"""Make a PNG of a page small: its 256 commonest colours, and for every other the nearest of these.

A browser reads the picture, since the standard library does not; what it finds is written here.
"""

from __future__ import annotations

import base64
import zlib
from typing import Any

COLOURS = 256
READ = """async ([png, most]) => {
    const bytes = Uint8Array.from(atob(png), (one) => one.charCodeAt(0));
    const picture = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const { width, height } = picture;
    const drawn = new OffscreenCanvas(width, height).getContext("2d");
    drawn.drawImage(picture, 0, 0);
    const dots = new Uint32Array(drawn.getImageData(0, 0, width, height).data.buffer);
    const counts = new Map();
    for (const dot of dots) counts.set(dot, (counts.get(dot) ?? 0) + 1);
    const kept = [...counts].sort((one, other) => other[1] - one[1]).slice(0, most).map(([dot]) => dot);
    const parts = (dot) => [dot & 255, (dot >> 8) & 255, (dot >> 16) & 255];
    const palette = kept.map(parts);
    const places = new Map(kept.map((dot, place) => [dot, place]));
    const nearest = (dot) => {
        const wanted = parts(dot);
        const far = palette.map((has) => has.reduce((sum, part, at) => sum + (part - wanted[at]) ** 2, 0));
        return far.indexOf(Math.min(...far));
    };
    const rows = new Uint8Array((width + 1) * height);
    dots.forEach((dot, at) => {
        if (!places.has(dot)) places.set(dot, nearest(dot));
        rows[at + Math.floor(at / width) + 1] = places.get(dot);
    });
    let text = "";
    for (let at = 0; at < rows.length; at += 32768) text += String.fromCharCode(...rows.subarray(at, at + 32768));
    return { width, height, palette: palette.flat(), rows: btoa(text) };
}"""


def small(page: Any, png: bytes) -> bytes:
    """Return the picture with at most 256 colours; `page` is any page whose policy lets it evaluate."""
    read = page.evaluate(READ, [base64.b64encode(png).decode(), COLOURS])
    size = read["width"].to_bytes(4, "big") + read["height"].to_bytes(4, "big")
    parts = (
        (b"IHDR", size + bytes((8, 3, 0, 0, 0))),  # eight bits for each dot, by the palette
        (b"PLTE", bytes(read["palette"])),
        (b"IDAT", zlib.compress(base64.b64decode(read["rows"]), 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(_part(name, held) for name, held in parts)


def _part(name: bytes, held: bytes) -> bytes:
    return len(held).to_bytes(4, "big") + name + held + zlib.crc32(name + held).to_bytes(4, "big")
