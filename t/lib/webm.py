"""WebM files out of still pictures: every frame is a key frame, and the index (Cues) stands in front, so that players seek."""

import struct

_TIMECODE_SCALE = 1_000_000  # times are milliseconds


def vp8_frame(webp):
    """The VP8 key frame in a lossy WebP picture, which is a row of chunks (RFC 9649 §2.3)."""
    at = len("RIFF....WEBP")
    while webp[at:at + 4] != b"VP8 ":
        size = int.from_bytes(webp[at + 4:at + 8], "little")
        assert size and at + size < len(webp), "no VP8 chunk"
        at += 8 + size + size % 2
    return webp[at + 8:at + 8 + int.from_bytes(webp[at + 4:at + 8], "little")]


def webm(frames, width, height, frame_ms):
    """A WebM file (RFC 9559) that shows each of `frames` (VP8) for so long. One cluster a frame."""
    clusters = [_element(0x1F43B675,
                         _element(0xE7, _number(at * frame_ms)),  # Timestamp
                         _element(0xA3, b"\x81\0\0\x80" + frame))  # SimpleBlock: track 1, relative time 0, a key frame
                for at, frame in enumerate(frames)]
    info = _element(0x1549A966,
                    _element(0x2AD7B1, _number(_TIMECODE_SCALE)),
                    _element(0x4489, _float(len(frames) * frame_ms)),  # Duration
                    _element(0x4D80, b"test"), _element(0x5741, b"test"))  # who muxed and wrote it
    track = _element(0xAE, _element(0xD7, _number(1)), _element(0x73C5, _number(1)), _element(0x83, _number(1)),
                     _element(0x86, b"V_VP8"), _element(0xE0, _element(0xB0, _number(width)), _element(0xBA, _number(height))))
    tracks = _element(0x1654AE6B, track)
    # Every number has 8 bytes, so the length of the index does not depend on what stands in it.
    start = len(info) + len(tracks) + len(_cues([0] * len(frames), frame_ms))
    places = [start + sum(map(len, clusters[:at])) for at in range(len(clusters))]
    head = _element(0x1A45DFA3, _element(0x4282, b"webm"), _element(0x4287, _number(2)), _element(0x4285, _number(2)))
    return head + _element(0x18538067, info, tracks, _cues(places, frame_ms), *clusters)


def _cues(places, frame_ms):
    return _element(0x1C53BB6B, *(
        _element(0xBB, _element(0xB3, _number(at * frame_ms)), _element(0xB7, _element(0xF7, _number(1)), _element(0xF1, _number(place))))
        for at, place in enumerate(places)))


def _element(identifier, *contents):
    content = b"".join(contents)
    size = (1 << 56 | len(content)).to_bytes(8, "big")
    return identifier.to_bytes((identifier.bit_length() + 7) // 8, "big") + size + content


def _number(value):
    return value.to_bytes(8, "big")


def _float(value):
    return struct.pack(">d", value)
