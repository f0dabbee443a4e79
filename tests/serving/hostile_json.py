"""JSON of some megabytes whose structure costs a parser far more than its bytes."""

MEGABYTE = 2**20
SIZE = 4 * MEGABYTE
HOSTILE = {
    "empty arrays": b"[" + b"[]," * (SIZE // 3) + b"[]]",
    "empty objects": b"[" + b"{}," * (SIZE // 3) + b"{}]",
    "deep arrays": b"[" * SIZE,
    "deep arrays, closed": b"[" * (SIZE // 2) + b"]" * (SIZE // 2),
    "deep objects": b'{"a":' * (SIZE // 5),
    "numbers": b"[" + b"1," * (SIZE // 2) + b"1]",
    "numbers around an array": b"[" + b"1," * (SIZE // 2) + b"[1]]",
    "numbers before a text without end": b"[" + b"1," * (SIZE // 2) + b'"',
    "unknown keys": b"{" + b",".join(b'"k%d":1' % number for number in range(SIZE // 12)) + b"}",
    "texts": b'["",' * (SIZE // 4),
    "a text": b'["' + b"a" * SIZE + b'"]',
    "escapes": b'["' + rb"\n" * (SIZE // 2) + b'"]',
    "quotation marks": b'["' + rb"\"" * (SIZE // 2),
    "pairs of arrays": b"[" + b"[[1],[2]]," * (SIZE // 10) + b"1]",
    "digits": b"[" + b"9" * SIZE + b"]",
}
