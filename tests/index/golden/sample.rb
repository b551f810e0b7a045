require 'json'
require_relative 'shop/money'

module Shop
  LIMIT = 3

  # Sells things.
  class Seller < Person
    include Sells
    extend Shop::Finders
    attr_accessor :name, :price

    def initialize(name, price: 1, *rest, &block)
      @name = name
      @total = Money.new(price)
    end

    # Adds one.
    def sell(item)
      lines = item.parts.map { |part| part.weight + LIMIT }
      check lines
      notify(item) unless lines.empty?
      @total.add(lines.sum)
    rescue ShopError => problem
      problem.report
    end

    def self.create
      new('x')
    end

    class << self
      def default; create; end
    end

    alias_method :buy, :sell
  end
end

def helper(value) = Shop::Seller.create.sell(value)
$count = helper(1)
