"""Tokens guessed from text by what kind of text it is, with no tables to download.

Byte-pair vocabularies spend about one token on a short word with the space before it, on three digits, on a
pair of punctuation marks and on a run of spaces, and rather more on what they never saw: random letters,
scripts other than Latin. Every byte is put into a class, and the borders between classes are counted; the
weights stand below. What is left of the error is mostly one factor for each provider, which
`Estimator.observe` learns from reported usage.
"""

from __future__ import annotations

from waypost.wires.conversation import AssistantMessage, Json, Message, Request, Text, ToolCall

MESSAGE_TOKENS = 4  # role and borders of a message or a call
TOOL_TOKENS = 8  # what providers put around a tool's definition
REMEMBERED = 8192  # texts whose estimate is kept
SHORT = 64  # characters below which counting is cheaper than remembering

PIECE = 4096  # characters that are judged together, so that one embedded image does not colour the rest

# Tokens for each border or character.
WORD = 1.0  # a run of letters, with the space before it
LETTER = 0.05  # longer words are cut in pieces
CASE_SWITCH = 0.8  # a capital inside a word
RANDOM_SWITCH = 2.4  # one more than names in camelCase have: base64
SWITCHES_IN_NAMES = 0.06  # for each letter,
FIRST_SWITCHES = 4  # and in any text
DIGIT = 0.36
DIGIT_BORDER = 0.45  # a digit beside a letter: hexadecimal, base64
MARK = 0.24  # punctuation
MARK_RUN = 0.62
SPACE = 0.02  # a space beyond the one that belongs to a word
LINE = 0.55  # a run of line ends, with the indentation after it
TWO_BYTES = 0.42  # Latin with accents, Greek, Cyrillic, Hebrew, Arabic
THREE_BYTES = 0.9  # Chinese, Japanese, Korean, Indic
FOUR_BYTES = 2.2  # emoji, rare ideographs


def _class_of(byte: int) -> int:
    """a, A, 0, space, line end or mark; 2, 3 or 4 where a UTF-8 sequence of that length begins, - in it."""
    if byte >= 0x80:
        return ord("-" if byte < 0xC0 else "2" if byte < 0xE0 else "3" if byte < 0xF0 else "4")
    character = chr(byte)
    if character.isalpha():
        return ord("a" if character.islower() else "A")
    if character.isdigit():
        return ord("0")
    return ord("\n" if character in "\r\n" else " " if character.isspace() else ".")


_CLASSES = bytes(map(_class_of, range(256)))
_WORDS = bytes(ord({"a": "a", "A": "a", "0": "0"}.get(chr(kind), " ")) for kind in _CLASSES)


def raw_estimate(text: str) -> float:
    """Tokens of a text by its kind, without calibration; linear in its length, some 2 ms for 128 kB."""
    if len(text) <= PIECE:
        return _piece(text)
    return sum(_piece(text[start : start + PIECE]) for start in range(0, len(text), PIECE))


def _piece(text: str) -> float:
    if not text:
        return 0.0
    data = text.encode("utf-8", "replace")
    words, classes = b" " + data.translate(_WORDS), data.translate(_CLASSES)
    letters, digits, marks = words.count(b"a"), words.count(b"0"), classes.count(b".")
    switches = classes.count(b"aA")
    total = WORD * words.count(b" a") + LETTER * letters + CASE_SWITCH * switches
    total += RANDOM_SWITCH * max(0.0, switches - FIRST_SWITCHES - SWITCHES_IN_NAMES * letters)
    if digits:
        total += DIGIT * digits + DIGIT_BORDER * (words.count(b"0a") + words.count(b"a0"))
    total += MARK * marks + MARK_RUN * (marks - classes.count(b".."))
    total += SPACE * classes.count(b" ") + LINE * (classes.count(b"\n") - classes.count(b"\n\n"))
    if len(data) != len(text):
        total += TWO_BYTES * classes.count(b"2") + THREE_BYTES * classes.count(b"3")
        total += FOUR_BYTES * classes.count(b"4")
    return min(max(1.0, total), float(len(data)))  # a token is at least a byte


class Estimator:
    """Estimates for one model: raw guesses times a factor learnt from what the provider reported.

    `calibration` is the whole state: give it back at construction, or observe the same pairs again.
    """

    LEAST, MOST = 0.4, 3.0
    WEIGHT = 0.3  # of one observation
    TELLING = 200  # tokens below which an observation says more about the frame than about the text

    def __init__(self, calibration: float = 1.0) -> None:
        self.calibration = min(self.MOST, max(self.LEAST, calibration))
        self._remembered: dict[tuple[int, int], float] = {}

    def observe(self, estimated: int, reported: int) -> None:
        """Learns from a request that was estimated by this object and then counted by the provider.

        One observation moves the factor by at most a quarter or so: a provider's odd answer can't spoil it.
        """
        if estimated < self.TELLING or reported <= 0:
            return
        ratio = min(2.0, max(0.5, reported / estimated))
        self.calibration = min(self.MOST, max(self.LEAST, self.calibration * ratio**self.WEIGHT))

    def estimate(self, text: str) -> int:
        """Tokens of a text, at least 1 unless it is empty."""
        return self._calibrated(self._raw(text))

    def estimate_message(self, message: Message) -> int:
        """Tokens of a message with what stands around it."""
        return self._calibrated(self._raw_message(message))

    def estimate_request(self, request: Request) -> int:
        """Tokens of the whole prompt: system text, tools and messages."""
        raw = MESSAGE_TOKENS + self._raw(request.system)
        for tool in request.tools:
            raw += TOOL_TOKENS + self._raw(tool.name) + self._raw(tool.description)
            raw += self._raw(_json_text(tool.parameters))
        return self._calibrated(raw + sum(map(self._raw_message, request.messages)))

    def _calibrated(self, raw: float) -> int:
        return round(raw * self.calibration) or int(raw > 0)

    def _raw_message(self, message: Message) -> float:
        if not isinstance(message, AssistantMessage):
            return MESSAGE_TOKENS + self._raw(message.text)
        raw = float(MESSAGE_TOKENS)
        for part in message.parts:
            if isinstance(part, ToolCall):
                raw += MESSAGE_TOKENS + self._raw(part.name) + self._raw(part.arguments)
            elif isinstance(part, Text):
                raw += self._raw(part.text)
            else:
                raw += self._raw(part.text or _json_text(part.payload))
        return raw

    def _raw(self, text: str) -> float:
        if len(text) <= SHORT:
            return raw_estimate(text)
        key = (
            hash(text),
            len(text),
        )  # a string's hash is kept with it; keeping the text would keep its memory
        raw = self._remembered.get(key)
        if raw is None:
            while len(self._remembered) >= REMEMBERED:
                del self._remembered[next(iter(self._remembered))]
            raw = self._remembered[key] = raw_estimate(text)
        return raw


def _json_text(value: Json) -> str:
    import json

    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
