"""The fixed prefix: what every request carries, in tokens of four bytes, on each wire.

python bench/prefix.py
"""

from __future__ import annotations

import json

from waypost.agent.briefing import SYSTEM
from waypost.agent.tools.registry import specs
from waypost.models.estimate import Estimator
from waypost.wires.chat import ChatWire
from waypost.wires.conversation import Request
from waypost.wires.messages import MessagesWire
from waypost.wires.responses import ResponsesWire


def main() -> None:
    request = Request("model", SYSTEM, specs(), ())
    estimate = Estimator().estimate_request(request)
    print("| part | bytes | tokens (bytes / 4) |\n|---|---|---|")
    print(f"| system text | {len(SYSTEM.encode()):,} | {len(SYSTEM.encode()) // 4:,} |")
    for wire in (ResponsesWire(), ChatWire(), MessagesWire()):
        size = len(json.dumps(json.loads(wire.encode(request)), separators=(",", ":")).encode())
        print(f"| whole, {wire.name} | {size:,} | {size // 4:,} |")
    print(f"\nour own estimate: {estimate:,} tokens")


if __name__ == "__main__":
    main()
