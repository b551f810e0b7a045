#!/usr/bin/env python3
"""A shop."""

from __future__ import annotations

import os.path as place
import shop.money
from decimal import Decimal
from shop.items import Item as Thing, Part
from . import rates
from .all import *

# How many.
LIMIT: int = 3
first, second = LIMIT, 2


@dataclass
@registered(
    "seller",
)
class Seller(Person, shop.money.Holder[Thing], metaclass=Meta):
    """Sells things."""

    size: int = 0
    PRICES = {"low": LIMIT}

    def __init__(self, thing: Thing, *names: str, rate=LIMIT, **rest: int) -> None:
        self.thing = thing
        self.total, self.rate = Decimal(0), rate
        self.part = Part(names)
        thing.weight = 3

    @property
    # What it costs.
    def price(self) -> Decimal:
        global first
        first = [one.weight for one in self.thing.parts if (found := one.found())]
        with place.open() as file, other(file):
            self.part.mark(first)
        try:
            return self._sum(rates.current)
        except ShopError as problem:
            problem.report(lambda value, *more: value + LIMIT)

    async def _sum(self, rate):
        def inner(value):
            return value + rate + outer_name

        total = sum(inner(each) for each in self.all)
        return f"{total} {self.thing.name!r} {check(total):>{LIMIT}}"


def check(seller: Seller | None, count: "int" = 1) -> Seller:
    seller.price.real
    match seller:
        case Seller(size=3):
            return Thing.make(seller)
    return super().check()


if __name__ == "__main__":
    check(Seller(Thing()))

type Alias[T] = list[T]
