package shop

import (
	"fmt"
	money "example.com/shop/money"
	_ "example.com/drivers"
)

// Limit is how many.
const Limit = 3

const (
	Low = iota
	High
)

var cache, spare = map[string]*Item{}, Limit

// Item is sold.
type Item struct {
	Named
	Price money.Amount
	tags, marks []string
}

type Seller interface {
	Acts
	Sell(item *Item) (money.Amount, error)
}

type Handler func(*Item) error
type Alias = Item

// Sell sells.
func (i *Item) Sell(count int, others ...*Item) (total money.Amount, err error) {
	price := i.Price.Times(count)
	for index, other := range others {
		price = price.Add(other.Price)
		fmt.Println(index)
	}
	if value, ok := cache["x"]; ok {
		return value.Price, nil
	}
	var local Handler = func(item *Item) error { return check(item) }
	return price, local(i)
}

func New[T any](name string) *Item {
	return &Item{Price: money.Zero(), tags: []string{name}}
}
