"""Files that went wrong: bits that flipped, ends that are missing, numbers that lie."""

import random

EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF)


def mutated(content: bytes, numbers: random.Random) -> bytes:
    """One to four mutations of a file."""
    data = bytearray(content)
    for _ in range(numbers.choice((1, 1, 2, 4))):
        numbers.choice(_MUTATIONS)(data, numbers)
    return bytes(data)


def _place(data: bytearray, numbers: random.Random) -> int:
    """Anywhere, as often as not near the beginning or the end, where headers and tables are."""
    length = len(data)
    near = min(length, 64)
    return numbers.choice(
        (
            numbers.randrange(length + 1),
            numbers.randrange(near + 1),
            length - numbers.randrange(near + 1),
        )
    )


def _flip(data: bytearray, numbers: random.Random) -> None:
    if data:
        data[_place(data, numbers) % len(data)] ^= 1 << numbers.randrange(8)


def _set(data: bytearray, numbers: random.Random) -> None:
    size = numbers.choice((1, 2, 4, 8))
    value = numbers.choice((*EXTREMES, numbers.getrandbits(64))) % (1 << 8 * size)
    place = _place(data, numbers)
    data[place : place + size] = value.to_bytes(size, numbers.choice(("little", "big")))


def _cut(data: bytearray, numbers: random.Random) -> None:
    del data[_place(data, numbers) :]


def _remove(data: bytearray, numbers: random.Random) -> None:
    place = _place(data, numbers)
    del data[place : place + numbers.choice((1, 4, 100))]


def _insert(data: bytearray, numbers: random.Random) -> None:
    place = _place(data, numbers)
    data[place:place] = numbers.randbytes(numbers.choice((1, 4, 100)))


def _repeat(data: bytearray, numbers: random.Random) -> None:
    place = _place(data, numbers)
    data[place:place] = data[place : place + numbers.choice((8, 200, 5000))]


def _digit(data: bytearray, numbers: random.Random) -> None:
    """Change a decimal digit, such as those of numpy's and JSON's headers."""
    places = [place for place, byte in enumerate(data[:5000]) if chr(byte).isdigit()]
    if places:
        place = numbers.choice(places)
        data[place : place + 1] = numbers.choice((b"0", b"9", b"-1", b"99999999999", b"1e9"))


_MUTATIONS = (_flip, _set, _cut, _remove, _insert, _repeat, _digit)
