defmodule Shop.Seller do
  @moduledoc "Sells."
  use GenServer
  import Shop.Money, only: [add: 2]
  alias Shop.{Item, Part}
  @limit 3

  defstruct [:name, :price]

  @doc "Sells one."
  def sell(item, count \\ 1) when count > 0 do
    total = Item.price(item) |> add(@limit)
    check(total)
    Enum.map(item.parts, fn part -> part.weight end)
  end

  defp check(value), do: value
  defmacro shout(text), do: text
end

defprotocol Shop.Sells do
  def sell(item)
end
