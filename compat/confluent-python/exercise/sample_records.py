"""Records chosen for what encoders get wrong: bytes that are no UTF-8, empty against null, repeated header
names, a value larger than any internal chunk, and timestamps that run backwards inside one batch."""

from typing import NamedTuple, Optional

from exercise.suite import same

BASE_TIMESTAMP = 1_706_529_600_123
LARGE_VALUE_BYTES = 200_000
ALL_BYTES = bytes(range(256))


class SampleRecord(NamedTuple):
    key: Optional[bytes]
    value: Optional[bytes]
    headers: tuple
    timestamp: int


def _large_value(seed):
    """Compressible in part, so that every codec has matches and literals to write."""
    return bytes((i * 31 + seed) & 0xFF if i % 7 == 0 else i & 0x0F for i in range(LARGE_VALUE_BYTES))


def sample_records(seed):
    at = BASE_TIMESTAMP + seed * 1_000
    return [
        SampleRecord(b"key-%d" % seed, b"plain text", (), at),
        SampleRecord(ALL_BYTES, ALL_BYTES[::-1], (("raw", ALL_BYTES),), at + 5),
        SampleRecord(None, b"no key", (("empty", b""),), at - 40),
        SampleRecord(b"tombstone", None, (("why", b"gone"), ("why", b"really"), ("other", b"x")), at + 7),
        SampleRecord(b"empty", b"", (("ključ", "ž".encode()),), at + 8),
        SampleRecord("große 💧 键".encode(), "š".encode(), (("null", None),), at + 9),
        SampleRecord(b"large", _large_value(seed), (), at + 3_600_000),
    ]


def assert_same_records(actual, expected):
    same(len(actual), len(expected), "number of records")
    for index, (got, wanted) in enumerate(zip(actual, expected)):
        same(got, wanted, f"record {index}")
