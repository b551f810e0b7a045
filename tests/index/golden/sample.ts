import type { Money } from "./money";
import { Table as Sheet } from "@lib/table";
import config = require("./config");

/** What can be sold. */
export interface Sellable extends Named, Priced<Money> {
  readonly price: Money;
  sell(to: Customer): Receipt;
}

export type Price = Money | number;

export enum Colour {
  Red = "red",
  Green,
}

namespace Shop {
  export const rate: number = 1;
  export function open(): void {
    start(rate);
  }
}

@injectable()
export abstract class Store<T extends Sellable> extends Base<T> implements Sellable {
  private readonly sheet: Sheet<T>;
  static count = 0;

  constructor(private repository: Repository, public readonly name: string) {
    super();
  }

  @cached({ ttl: 3 })
  async find(id: string, options?: Options): Promise<T | undefined> {
    const row = await this.repository.load<T>(id);
    return row as T;
  }

  abstract close(): void;
  handler = (event: Event): void => this.find(event.name);
}

export const makeStore = <T,>(items: T[]): Store<T> => new Store<T>(items, config.name);
declare function legacy(a: number): string;
export default makeStore;
export { Sheet } from "./sheet";
