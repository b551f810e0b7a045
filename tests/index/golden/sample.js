import shop, { price as cost, tax } from './shop/money.js';
import * as views from "views";
const fs = require('fs');
const { join, sep: separator } = require('path');
export { total } from './totals';

/** A basket of things. */
export class Basket extends views.Panel {
  #items = [];
  static LIMIT = 2;

  constructor(owner) {
    super(owner);
    this.owner = owner;
  }

  get size() {
    return this.#items.length;
  }

  async add(item, { count, unit: measure }, [first], ...rest) {
    const line = shop.line(item);
    for (const one of rest) {
      line.push(one, count, measure, first);
    }
    return new Entry(line);
  }
}

function check(value = 1) {
  try {
    return cost(value) + tax;
  } catch (error) {
    report(error);
  }
}

const double = (left, right) => left + right + BASE, single = one => join(one);
let settings = { key: BASE, reload() { return settings; }, fn: function () { return fs; } };

// Shown on each page.
exports.banner = function (text) {
  return separator + text;
};
Basket.prototype.clear = function () {};
module.exports = { check, double };
const page = <Frame title={single}><div/></Frame>;
